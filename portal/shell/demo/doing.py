"""Assignments with all that hangs on them: statements, evidence, signed submissions, reviews."""

from __future__ import annotations

import datetime
import random
import uuid
from dataclasses import dataclass, replace
from typing import Any

from portal.accounts.enums import Role
from portal.audit.canonical import canonical_json, digests
from portal.shell.demo import texts
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.changes import Passage
from portal.shell.demo.duties import Demand, Duty
from portal.shell.demo.files import Document
from portal.shell.demo.moments import HANDED_IN_FIRST, WRITTEN, at
from portal.shell.demo.stories import Round, Story
from portal.shell.demo.tables import Tables
from portal.shell.demo.trail import Trail
from portal.shell.demo.verdicts import write_verdict
from tasks.enums import AssignmentState
from vault.enums import FileState, Place

S = AssignmentState
ASSIGNMENT, EVIDENCE, SUBMISSION = "tasks.assignment", "tasks.evidence", "tasks.submission"
MOST_RETURNED = 2


@dataclass
class File:
    """One evidence file, and what becomes of it."""

    pk: uuid.UUID
    demand: Demand
    document: Document
    uploaded_at: datetime.datetime
    frozen_at: datetime.datetime | None = None
    withdrawn_at: datetime.datetime | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """As a signature freezes them."""
        document = self.document
        facts = {"name": document.name, "size": document.size, "sha256": document.sha256, "sm3": document.sm3}
        return {"id": str(self.pk), **facts}


@dataclass(frozen=True)
class Item:
    """One requirement as it stands."""

    demand: Demand
    text: str = ""
    reply: str = ""
    revision: int = 0
    written_at: datetime.datetime | None = None
    file: File | None = None


@dataclass(frozen=True)
class Work:
    """What self-assessments can draw on: the requirements of a task, and whether it applies to the institution."""

    duty: Duty
    items: list[Item]
    applies: bool


@dataclass
class Doing:
    """What all assignments share. `plan` is the plan's slug."""

    tables: Tables
    plan: str
    documents: list[Document]
    created_at: datetime.datetime


class Assigned:
    """One assignment on its way into the tables."""

    def __init__(
        self, doing: Doing, rng: random.Random, body: Body, reviewer: Reviewer, duty: Duty, trail: Trail | None
    ) -> None:
        self.doing, self.tables, self.rng = doing, doing.tables, rng
        self.body, self.reviewer, self.duty, self.trail = body, reviewer, duty, trail
        self.author, self.cio = body.people[Role.CONTRIBUTOR], body.people[Role.CIO]
        self.state: str = S.NOT_STARTED
        self.files: list[File] = []
        self.passages: list[Passage] = []

    def write(self, story: Story) -> Work:
        reason = texts.EXEMPTIONS.get(self.duty.number, texts.NOT_CONCERNED) if story.exempted_at else ""
        self.pk = self.tables.assignments.add(
            task_id=self.duty.task,
            institution_id=self.body.pk,
            part=self.duty.part,
            deadline=self.duty.deadline,
            deadline_is_official=self.duty.is_official,
            state=str(story.state),
            created_at=self.doing.created_at,
            changed_at=max(filter(None, [self.doing.created_at, story.exempted_at, *story.stamps().values()])),
            exempted_at=story.exempted_at,
            exempted_reason=reason,
            **story.stamps(),
        )
        if story.exempted_at:
            self._move("exempt", S.NOT_APPLICABLE, story.exempted_at, self.reviewer.user, reason=reason)
        items = [Item(demand) for demand in self.duty.demands]
        for number, round_ in enumerate(story.rounds, start=1):
            items = self._round(number, round_, items, story)
        for file in self.files:
            self._evidence(file)
        for item in items:
            self._statement(item)
        return Work(self.duty, items, applies=not story.exempted_at)

    # --- A round ------------------------------------------------------------------------------------------

    def _round(self, number: int, round_: Round, items: list[Item], story: Story) -> list[Item]:
        """Work from start to verdict, as far as it came; returns the requirements as they stand then."""
        is_last = round_ is story.rounds[-1]
        self._move("start", S.IN_PROGRESS, round_.started_at, self.author)
        items = self._written(number, round_, items)
        if round_.sent_back_at:
            handed_in_at = round_.sent_back_at.replace(hour=HANDED_IN_FIRST)
            self._move("hand_in", S.AWAITING_SIGNATURE, handed_in_at, self.author)
            reason = self.rng.choice(texts.SENT_BACK)
            self._move("send_back", S.IN_PROGRESS, round_.sent_back_at, self.cio, reason=reason)
        if round_.handed_in_at:
            self._move("hand_in", S.AWAITING_SIGNATURE, round_.handed_in_at, self.author)
        failing = self._failing(round_)
        if round_.signed_at:
            self._sign(number, round_, round_.signed_at, items, failing)
        if failing:
            items = [replace(item, reply="") for item in items]
        if failing and not is_last:
            moment = story.rounds[-1].started_at.replace(hour=WRITTEN, minute=0, second=0)
            return [self._withdrawn(item, moment) if item.demand in failing else item for item in items]
        return items

    def _written(self, number: int, round_: Round, items: list[Item]) -> list[Item]:
        """Every requirement that lacks a file gets its statement and file; unfinished work leaves the last out."""
        moment = at(round_.started_at.date(), WRITTEN, self.rng)
        missing = [item for item in items if not item.file]
        complete = round_.handed_in_at is not None
        left = None if complete else missing[-1]
        written = [self._fill(item, number, moment) if item in missing and item is not left else item for item in items]
        if left and len(items) == 1:
            written = [replace(left, text=self._words(left), revision=number, written_at=moment)]
        references = [item.demand.reference for item in written if item.written_at == moment]
        if references and self.trail:
            self._record("assignment.statements_saved", moment, (ASSIGNMENT, self.pk), requirements=references)
        return written

    def _fill(self, item: Item, number: int, moment: datetime.datetime) -> Item:
        """From the second round on, what lacks a file is what was returned: it gets a reply, too."""
        file = self._file(item.demand, moment)
        reply = self.rng.choice(texts.REPLIES) if number > 1 else ""
        return replace(item, text=self._words(item), reply=reply, revision=number, written_at=moment, file=file)

    def _words(self, item: Item) -> str:
        return texts.statement(self.rng, item.demand.kind, item.demand.text)

    def _file(self, demand: Demand, moment: datetime.datetime) -> File:
        pk = uuid.UUID(int=self.rng.getrandbits(128), version=4)
        file = File(pk, demand, self.rng.choice(self.doing.documents), moment)
        self.files.append(file)
        self._record_file("evidence.added", moment, file)
        return file

    def _withdrawn(self, item: Item, moment: datetime.datetime) -> Item:
        """The file is taken out once work begins again; the statement stays until it is written anew."""
        if item.file:
            item.file.withdrawn_at = moment
            self._record_file("evidence.withdrawn", moment, item.file)
        return replace(item, file=None)

    def _evidence(self, file: File) -> None:
        document = file.document
        self.tables.evidence.add(
            id=file.pk,
            institution_id=self.body.pk,
            assignment_id=self.pk,
            requirement_id=file.demand.pk,
            stored_id=self._stored(document, file.uploaded_at),
            series=file.pk,
            original_name=document.name,
            uploaded_by_id=self.author,
            uploaded_at=file.uploaded_at,
            frozen_at=file.frozen_at,
            withdrawn_at=file.withdrawn_at,
        )

    def _stored(self, document: Document, moment: datetime.datetime) -> uuid.UUID:
        """The institution's stored file with that content; the bytes are the demo's, stored once for all."""
        files = self.body.files
        if document.sha256 not in files:
            files[document.sha256] = uuid.UUID(int=self.rng.getrandbits(128), version=4)
            self.tables.files.add(
                id=files[document.sha256],
                institution_id=self.body.pk,
                name=document.name,
                content_type=document.content_type,
                size=document.size,
                sha256=document.sha256,
                sm3=document.sm3,
                place=str(Place.DISK),
                path=document.file,
                tags=document.tags,
                expires_on=document.valid_days and moment.date() + datetime.timedelta(days=document.valid_days),
                uploaded_by_id=self.author,
                received_at=moment,
                state=str(FileState.CLEAN),
                checked_at=moment,
            )
        return files[document.sha256]

    def _statement(self, item: Item) -> None:
        if item.text:
            self.tables.statements.add(
                assignment_id=self.pk,
                requirement_id=item.demand.pk,
                text=item.text,
                reply=item.reply,
                revision=item.revision,
                updated_by_id=self.author,
                updated_at=item.written_at,
            )

    # --- Signature and verdict ----------------------------------------------------------------------------

    def _failing(self, round_: Round) -> list[Demand]:
        if not round_.reviewed_at or round_.accepted:
            return []
        demands = self.duty.demands
        return self.rng.sample(demands, self.rng.randint(1, min(MOST_RETURNED, len(demands))))

    def _sign(
        self, number: int, round_: Round, signed_at: datetime.datetime, items: list[Item], failing: list[Demand]
    ) -> None:
        self._move("sign", S.SUBMITTED, signed_at, self.cio)
        content = canonical_json(self._content(items))
        digest = digests(content)
        submission = self.tables.submissions.add(
            assignment_id=self.pk,
            number=number,
            content=content.decode(),
            sha256=digest.sha256,
            sm3=digest.sm3,
            signed_by_id=self.cio,
            signed_at=signed_at,
        )
        for file in [item.file for item in items if item.file]:
            file.frozen_at = file.frozen_at or signed_at
            self.tables.held.add(submission_id=submission, evidence_id=file.pk)
        if self.trail:
            facts = {"number": number, "sha256": digest.sha256, "sm3": digest.sm3}
            self._record("submission.signed", signed_at, (SUBMISSION, submission), by=self.cio, **facts)
        if round_.reviewed_at:
            told = write_verdict(
                tables=self.tables,
                rng=self.rng,
                reviewer=self.reviewer,
                failing=failing,
                at=round_.reviewed_at,
                submission_id=submission,
            )
            name, target = ("accept", S.ACCEPTED) if round_.accepted else ("return", S.RETURNED)
            self._move(name, target, round_.reviewed_at, self.reviewer.user, submission=number, **told)

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
                    "evidence": [item.file.facts] if item.file else [],
                    **({"reply": item.reply} if item.reply else {}),
                }
                for item in items
            ],
        }

    # --- The audit trail ----------------------------------------------------------------------------------

    def _move(self, name: str, target: str, moment: datetime.datetime, actor: int, **data: Any) -> None:
        self.passages.append(Passage(moment, actor, str(target)))
        if self.trail:
            facts = {"from": str(self.state), "to": str(target), **data}
            self._record(f"assignment.{name}", moment, (ASSIGNMENT, self.pk), by=actor, **facts)
        self.state = target

    def _record_file(self, action: str, moment: datetime.datetime, file: File) -> None:
        if self.trail:
            facts = {"assignment": self.pk, "requirement": file.demand.reference, "version": 1, **file.facts}
            facts.pop("sm3")
            self._record(action, moment, (EVIDENCE, facts.pop("id")), **facts)

    def _record(
        self, action: str, moment: datetime.datetime, target: tuple[str, Any], by: int | None = None, **data: Any
    ) -> None:
        if self.trail:
            self.trail.add(moment, action, by or self.author, target, data)
