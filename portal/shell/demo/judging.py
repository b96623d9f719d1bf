"""Self-assessments with all that hangs on them: answers, linked evidence, signed content, scores, reviews."""

from __future__ import annotations

import datetime
import random
import uuid
from fractions import Fraction
from typing import Any

from assessments.answers import VALUE_FIELDS
from assessments.enums import SelfAssessmentState
from assessments.models import Answer, Cycle
from assessments.scores import scores_of, stored
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from portal.audit.canonical import as_plain, canonical_json, digests
from portal.shell.demo import texts
from portal.shell.demo.answering import Answers, answers
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.doing import Item, Work
from portal.shell.demo.duties import Demand
from portal.shell.demo.moments import WRITTEN, at
from portal.shell.demo.rounds import Version
from portal.shell.demo.tables import Tables
from portal.shell.demo.trail import Trail
from portal.shell.demo.verdicts import write_verdict

S = SelfAssessmentState
SELF_ASSESSMENT = "assessments.selfassessment"
MOST_RETURNED = 4
# The share of reviews that say something of a requirement they accept.
NOTED = 0.4


class Judging:
    """Writes the self-assessments of institutions in one cycle."""

    def __init__(self, tables: Tables, cycle: Cycle) -> None:
        self.tables, self.cycle = tables, cycle
        period = {"period_starts_on": cycle.period_starts_on, "period_ends_on": cycle.period_ends_on}
        self.head = as_plain({"plan": cycle.plan.slug, "cycle": {"title": cycle.title, "kind": cycle.kind, **period}})

    def write_empty(self, body: Body) -> None:
        """The draft that the opening of a cycle gives to everybody."""
        opened_at = datetime.datetime.combine(self.cycle.opens_on, datetime.time(WRITTEN), datetime.UTC)
        self.tables.self_assessments.add(
            cycle_id=self.cycle.pk, institution_id=body.pk, state=S.DRAFT.value, created_at=opened_at
        )

    def write(
        self,
        rng: random.Random,
        body: Body,
        reviewer: Reviewer,
        versions: list[Version],
        work: list[Work],
        trail: Trail | None,
        before: Answers,
    ) -> Answers:
        """Write all versions of one institution. `work` is what it did for the tasks that apply to it.

        `before` holds the answers that were accepted last; returns those that are now.
        """
        asked = [demand for done in work for demand in done.duty.demands]
        plan = self.cycle.plan
        said = answers(rng, asked, body.diligence, before, plan.measures_below, self.cycle.due_on)
        opened_at = at(self.cycle.opens_on, WRITTEN, rng)
        for number, version in enumerate(versions, start=1):
            sheet = _Sheet(self, rng, body, version, number, opened_at, trail)
            sheet.write(work, asked, said, before)
            if version.reviewed_at:
                failing = sheet.review(reviewer, version.reviewed_at, asked)
                replies = {demand.pk: {**said[demand.pk], "reply": rng.choice(texts.REPLIES)} for demand in failing}
                said = said | replies
            opened_at = version.reviewed_at or version.withdrawn_at or opened_at
        if versions[-1].state != S.ACCEPTED:
            return before
        return {pk: {name: part for name, part in answer.items() if name != "reply"} for pk, answer in said.items()}


class _Sheet:
    """One version on its way into the tables."""

    def __init__(self, judging: Judging, rng, body: Body, version: Version, number: int, opened_at, trail) -> None:
        self.judging, self.tables, self.rng, self.body = judging, judging.tables, rng, body
        self.version, self.number, self.opened_at, self.trail = version, number, opened_at, trail
        self.author, self.cio = body.people[Role.CONTRIBUTOR], body.people[Role.CIO]

    def write(self, work: list[Work], asked: list[Demand], said: Answers, before: Answers) -> None:
        """What is not answered yet in a first draft is carried over from the answers accepted `before`."""
        version = self.version
        answered = asked[: round(len(asked) * version.filled)]
        entries = {
            item.demand.pk: self._entry(item.demand, said[item.demand.pk], self._files(item))
            for done in work
            for item in done.items
        }
        signed: dict[str, Any] = {}
        if version.signed_at:
            plain = self._content(work, entries)
            content = canonical_json(plain)
            digest = digests(content)
            signed = {"content": content.decode(), "sha256": digest.sha256, "sm3": digest.sm3}
            signed |= {"signed_at": version.signed_at, "signed_by_id": self.cio}
        self.pk = self.tables.self_assessments.add(
            cycle_id=self.judging.cycle.pk,
            institution_id=self.body.pk,
            version=self.number,
            state=str(version.state),
            created_at=self.opened_at,
            handed_in_at=version.handed_in_at,
            reviewed_at=version.reviewed_at,
            withdrawn_at=version.withdrawn_at,
            **signed,
        )
        if signed:
            self._scores(work, plain)
        by_author = {"revision": 1, "updated_by_id": self.author, "updated_at": self.written_at}
        for demand in answered:
            self._answer(demand, said[demand.pk] | by_author, entries[demand.pk])
        carried = {"is_carried_over": True, "updated_at": self.opened_at}
        for demand in asked[len(answered) :]:
            if demand.pk in before:
                self._answer(demand, before[demand.pk] | carried, entries[demand.pk])
        self._leave_trail(answered, signed)

    @property
    def written_at(self) -> datetime.datetime:
        """Shortly before it was handed in; in a draft, some days after it was opened."""
        if self.version.handed_in_at:
            return self.version.handed_in_at - datetime.timedelta(minutes=90)
        return self.opened_at + datetime.timedelta(minutes=90)

    def _files(self, item: Item) -> list[dict[str, Any]]:
        """The requirement's file, if it was signed for before this version was handed in."""
        if not item.file or not item.file.frozen_at:
            return []
        is_early_enough = item.file.frozen_at <= (self.version.handed_in_at or item.file.frozen_at)
        return [item.file.facts] if is_early_enough else []

    def _entry(self, demand: Demand, answer: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
        """The shape of a requirement in `assessments.content.content_to_sign`."""
        kind = RequirementKind(demand.kind)
        entry = {
            "reference": demand.reference,
            "text": demand.text,
            "kind": demand.kind,
            "unit": demand.unit,
            "binding": demand.binding,
            "weight": demand.weight,
            "answer": {field: answer[field] for field in VALUE_FIELDS[kind]},
            "justification": answer["justification"],
            "evidence": files,
        }
        if "measure" in answer:
            entry["measure"] = {
                "text": answer["measure"],
                "owner": answer["measure_owner"],
                "due_on": answer["measure_due_on"],
            }
        if "reply" in answer:
            entry["reply"] = answer["reply"]
        if kind == RequirementKind.MATURITY:
            entry["criterion"] = demand.criteria[answer["level"]]
        if kind == RequirementKind.RATIO:
            entry["percentage"] = Answer(numerator=answer["numerator"], denominator=answer["denominator"]).percentage
        return entry

    def _content(self, work: list[Work], entries: dict[int, dict[str, Any]]) -> dict[str, Any]:
        return self.judging.head | {
            "version": self.number,
            "institution": {"name": self.body.name, "credit_code": self.body.credit_code},
            "tasks": [
                {
                    "number": done.duty.number,
                    "title": done.duty.title,
                    "theme": done.duty.theme,
                    "weight": done.duty.weight,
                    "requirements": [entries[demand.pk] for demand in done.duty.demands],
                }
                for done in work
            ],
        }

    def _scores(self, work: list[Work], content: dict[str, Any]) -> None:
        """As `assessments.actions.scores` keeps them."""
        scores = scores_of(content)
        themes = {done.duty.theme: done.duty.theme_id for done in work}
        tasks = {done.duty.number: done.duty.task for done in work}
        subjects: list[tuple[dict[str, int], Fraction | None]] = [({}, scores.whole.value)]
        subjects += [({"theme_id": themes[number]}, mean.value) for number, mean in scores.themes.items()]
        subjects += [({"task_id": tasks[task.number]}, task.value) for task in scores.tasks]
        for subject, value in subjects:
            if value is not None:
                self.tables.scores.add(self_assessment_id=self.pk, value=stored(value), **subject)

    def _answer(self, demand: Demand, answer: dict[str, Any], entry: dict[str, Any]) -> None:
        pk = self.tables.answers.add(self_assessment_id=self.pk, requirement_id=demand.pk, **answer)
        for file in entry["evidence"]:
            self.tables.linked.add(answer_id=pk, evidence_id=uuid.UUID(file["id"]))

    # --- Verdict and trail --------------------------------------------------------------------------------

    def review(self, reviewer: Reviewer, reviewed_at: datetime.datetime, asked: list[Demand]) -> list[Demand]:
        """Write the verdict; returns the requirements that were returned."""
        accepted = self.version.state == S.ACCEPTED
        chosen = self.rng.sample(asked, MOST_RETURNED + 1)
        failing = [] if accepted else chosen[: self.rng.randint(1, MOST_RETURNED)]
        noted = chosen[-1:] if self.rng.random() < NOTED else []
        told = write_verdict(
            tables=self.tables,
            rng=self.rng,
            reviewer=reviewer,
            failing=failing,
            noted=noted,
            at=reviewed_at,
            self_assessment_id=self.pk,
        )
        name = "accept" if accepted else "return"
        self._move(reviewed_at, name, reviewer.user, S.SUBMITTED, self.version.state, **told)
        return failing

    def _leave_trail(self, answered: list[Demand], signed: dict[str, Any]) -> None:
        version = self.version
        if answered and self.trail:
            data = {"requirements": [demand.reference for demand in answered]}
            target = (SELF_ASSESSMENT, self.pk)
            self.trail.add(self.written_at, "self_assessment.answers_saved", self.author, target, data)
        if version.handed_in_at:
            self._move(version.handed_in_at, "hand_in", self.author, S.DRAFT, S.AWAITING_SIGNATURE)
        if signed:
            facts = {"version": self.number, "sha256": signed["sha256"], "sm3": signed["sm3"]}
            self._move(version.signed_at, "sign", self.cio, S.AWAITING_SIGNATURE, S.SUBMITTED, **facts)
        if version.withdrawn_at:
            self._move(version.withdrawn_at, "withdraw", self.cio, S.SUBMITTED, S.WITHDRAWN)

    def _move(self, moment, name: str, actor: int, source: str, target: str, **data: Any) -> None:
        if self.trail:
            facts = {"from": str(source), "to": str(target), **data}
            self.trail.add(moment, f"selfassessment.{name}", actor, (SELF_ASSESSMENT, self.pk), facts)
