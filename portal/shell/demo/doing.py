"""Assignments with all that hangs on them: statements, evidence, signed submissions, reviews and their reasons."""

from __future__ import annotations

import datetime
import random
import uuid
from dataclasses import dataclass
from typing import Any

from assessments.enums import Verdict
from assessments.models import Reason, Review
from portal.accounts.enums import Role
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from portal.shell.demo import texts
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.duties import Demand, Duty
from portal.shell.demo.files import Document
from portal.shell.demo.moments import WRITTEN, at
from portal.shell.demo.stories import Round, Story
from portal.shell.demo.table import Table
from portal.shell.demo.trail import Trail
from tasks.enums import AssignmentState
from tasks.models import Assignment, Evidence, Statement, Submission

S = AssignmentState
ASSIGNMENT, SUBMISSION, REVIEW = "tasks.assignment", "tasks.submission", "assessments.review"
EVIDENCE = "tasks.evidence"


class Tables:
    """The tables that the work of institutions fills, in an order that foreign keys allow."""

    def __init__(self) -> None:
        self.assignments, self.statements, self.evidence = Table(Assignment), Table(Statement), Table(Evidence)
        self.submissions, self.held = Table(Submission), Table(Submission.evidence.through)
        self.reviews, self.reasons, self.events = Table(Review), Table(Reason), Table(AuditEvent)

    def flush(self) -> None:
        for table in vars(self).values():
            table.flush()


@dataclass
class Item:
    """One requirement as it stands: the statement, and the facts of its files as a signature freezes them."""

    demand: Demand
    text: str
    files: list[dict[str, Any]]


class Doing:
    """Writes the work of institutions. `plan` is the plan's slug."""

    def __init__(self, *, tables: Tables, plan: str, documents: list[Document], created_at: datetime.datetime) -> None:
        self.tables, self.plan, self.documents, self.created_at = tables, plan, documents, created_at

    def write(
        self, rng: random.Random, body: Body, reviewer: Reviewer, duty: Duty, story: Story, trail: Trail | None
    ) -> list[Item]:
        """Write one assignment and return how its requirements stand now."""
        return _Assignment(self, rng, body, reviewer, duty, story, trail).write()


class _Assignment:
    def __init__(self, doing: Doing, rng, body, reviewer, duty, story, trail) -> None:
        self.doing, self.tables, self.rng = doing, doing.tables, rng
        self.body: Body = body
        self.reviewer: Reviewer = reviewer
        self.duty: Duty = duty
        self.story: Story = story
        self.trail: Trail | None = trail
        self.author, self.cio = body.people[Role.CONTRIBUTOR], body.people[Role.CIO]
        self.state = S.NOT_STARTED.value
        self.number = 0

    def write(self) -> list[Item]:
        self.pk = self.tables.assignments.add(
            task_id=self.duty.task,
            institution_id=self.body.pk,
            part=self.duty.part,
            deadline=self.duty.deadline,
            deadline_is_official=self.duty.is_official,
            state=self.story.state,
            created_at=self.doing.created_at,
            **self._times(),
        )
        items: list[Item] = []
        for position, round_ in enumerate(self.story.rounds):
            items = self._round(round_, is_last=position == len(self.story.rounds) - 1)
        if self.story.exempted_at:
            reason = self._exemption()
            self._move("exempt", S.NOT_APPLICABLE, self.story.exempted_at, self.reviewer.user, reason=reason)
        for item in items:
            if item.text:
                self._statement(item)
        return items

    def _times(self) -> dict[str, Any]:
        """The time of each move, that of the latest round where it came about more than once."""
        times: dict[str, Any] = {}
        for round_ in self.story.rounds:
            verdict = "accepted_at" if round_.accepted else "returned_at"
            times |= {
                name: moment
                for name, moment in (
                    ("started_at", round_.started_at),
                    ("handed_in_at", round_.handed_in_at),
                    ("sent_back_at", round_.sent_back_at),
                    ("submitted_at", round_.signed_at),
                    (verdict, round_.reviewed_at),
                )
                if moment
            }
        if self.story.exempted_at:
            times |= {"exempted_at": self.story.exempted_at, "exempted_reason": self._exemption()}
        return times

    def _exemption(self) -> str:
        return texts.EXEMPTIONS.get(self.duty.number, texts.NOT_CONCERNED)

    # --- A round ------------------------------------------------------------------------------------------

    def _round(self, round_: Round, *, is_last: bool) -> list[Item]:
        written_at = at(round_.started_at.date(), WRITTEN, self.rng)
        frozen_at = round_.signed_at
        replaced_at = None if is_last else self.story.rounds[-1].started_at
        complete = round_.handed_in_at is not None
        self._move("start", S.IN_PROGRESS, round_.started_at, self.author)
        items = [
            self._item(demand, written_at, frozen_at, replaced_at, complete or not self._is_left_over(position))
            for position, demand in enumerate(self.duty.demands)
        ]
        references = [item.demand.reference for item in items if item.text]
        if references:
            self._record(
                "assignment.statements_saved", written_at, self.author, (ASSIGNMENT, self.pk), requirements=references
            )
        if round_.sent_back_at:
            self._move("hand_in", S.AWAITING_SIGNATURE, round_.sent_back_at.replace(hour=HANDED_OVER), self.author)
            self._move(
                "send_back", S.IN_PROGRESS, round_.sent_back_at, self.cio, reason=self.rng.choice(texts.SENT_BACK)
            )
        if round_.handed_in_at:
            self._move("hand_in", S.AWAITING_SIGNATURE, round_.handed_in_at, self.author)
        if round_.signed_at:
            self._sign(round_, items)
        return items

    def _is_left_over(self, position: int) -> bool:
        """In work under way the last requirement is still to be done, and the file of an only one."""
        return position == len(self.duty.demands) - 1

    def _item(self, demand: Demand, written_at, frozen_at, replaced_at, complete: bool) -> Item:
        only = len(self.duty.demands) == 1
        text = texts.statement(self.rng, demand.kind, demand.text) if complete or only else ""
        item = Item(demand, text, [])
        if complete:
            item.files.append(self._file(demand, written_at, frozen_at, replaced_at))
        return item

    def _file(self, demand: Demand, written_at, frozen_at, replaced_at) -> dict[str, Any]:
        document = self.rng.choice(self.doing.documents)
        pk = uuid.UUID(int=self.rng.getrandbits(128), version=4)
        self.tables.evidence.add(
            id=pk,
            institution_id=self.body.pk,
            assignment_id=self.pk,
            requirement_id=demand.pk,
            file=document.file,
            original_name=document.name,
            content_type=document.content_type,
            size=document.size,
            sha256=document.sha256,
            sm3=document.sm3,
            uploaded_by_id=self.author,
            uploaded_at=written_at,
            frozen_at=frozen_at,
            withdrawn_at=replaced_at,
        )
        facts = {"name": document.name, "size": document.size, "sha256": document.sha256, "sm3": document.sm3}
        self._record(
            "evidence.uploaded", written_at, self.author, (EVIDENCE, pk), requirement=demand.reference, **facts
        )
        return {"id": str(pk), **facts}

    def _statement(self, item: Item) -> None:
        self.tables.statements.add(
            assignment_id=self.pk,
            requirement_id=item.demand.pk,
            text=item.text,
            revision=len(self.story.rounds),
            updated_by_id=self.author,
            updated_at=self.story.rounds[-1].started_at,
        )

    def _sign(self, round_: Round, items: list[Item]) -> None:
        self._move("sign", S.SUBMITTED, round_.signed_at, self.cio)
        self.number += 1
        content = canonical_json(self._content(items))
        digest = digests(content)
        submission = self.tables.submissions.add(
            assignment_id=self.pk,
            number=self.number,
            content=content.decode(),
            sha256=digest.sha256,
            sm3=digest.sm3,
            signed_by_id=self.cio,
            signed_at=round_.signed_at,
        )
        for item in items:
            for file in item.files:
                self.tables.held.add(submission_id=submission, evidence_id=uuid.UUID(file["id"]))
        facts = {"number": self.number, "sha256": digest.sha256, "sm3": digest.sm3}
        self._record("submission.signed", round_.signed_at, self.cio, (SUBMISSION, submission), **facts)
        if round_.reviewed_at:
            self._review(round_, items, submission)

    def _content(self, items: list[Item]) -> dict[str, Any]:
        """The shape of `tasks.actions.content_to_sign`; a test holds the two against each other."""
        return {
            "plan": self.doing.plan,
            "task": {"number": self.duty.number, "title": self.duty.title},
            "institution": {"name": self.body.name, "credit_code": self.body.credit_code},
            "part": self.duty.part,
            "deadline": self.duty.deadline,
            "requirements": [
                {
                    "reference": item.demand.reference,
                    "text": item.demand.text,
                    "statement": item.text,
                    "evidence": item.files,
                }
                for item in items
            ],
        }

    def _review(self, round_: Round, items: list[Item], submission: int) -> None:
        verdict = Verdict.ACCEPTED if round_.accepted else Verdict.RETURNED
        comments = texts.ACCEPTED_COMMENTS if round_.accepted else texts.RETURNED_COMMENTS
        review = self.tables.reviews.add(
            submission_id=submission,
            authority_id=self.reviewer.authority,
            reviewer_id=self.reviewer.user,
            verdict=verdict.value,
            comment=self.rng.choice(comments),
            created_at=round_.reviewed_at,
        )
        if not round_.accepted:
            for item in self.rng.sample(items, self.rng.randint(1, min(2, len(items)))):
                self.tables.reasons.add(review_id=review, requirement_id=item.demand.pk, text=texts.reason(self.rng))
        name, target = ("accept", S.ACCEPTED) if round_.accepted else ("return", S.RETURNED)
        self._move(name, target, round_.reviewed_at, self.reviewer.user, review=review)

    # --- The audit trail ----------------------------------------------------------------------------------

    def _move(self, name: str, target: S, moment: datetime.datetime, actor: int, **data: Any) -> None:
        facts = {"from": self.state, "to": target.value, **data}
        self._record(f"assignment.{name}", moment, actor, (ASSIGNMENT, self.pk), **facts)
        self.state = target.value

    def _record(self, action: str, moment, actor: int, target: tuple[str, Any], **data: Any) -> None:
        if self.trail:
            self.trail.add(moment, action, actor, target, data)


HANDED_OVER = 10  # the hour of the first hand-in on the day the CIO sends it back
