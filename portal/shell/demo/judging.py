"""Self-assessments with all that hangs on them: answers, linked evidence, signed content, reviews."""

from __future__ import annotations

import datetime
import random
import uuid
from decimal import Decimal
from typing import Any

from assessments.enums import CycleKind, SelfAssessmentState
from assessments.models import Answer, Cycle
from plan.enums import RequirementKind
from plan.models import Plan
from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.canonical import as_plain, canonical_json, digests
from portal.shell.demo import texts
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.doing import Item, Work
from portal.shell.demo.duties import Demand
from portal.shell.demo.moments import DAY, WRITTEN, at
from portal.shell.demo.rounds import Version
from portal.shell.demo.tables import Tables
from portal.shell.demo.trail import Trail
from portal.shell.demo.verdicts import write_verdict

S = SelfAssessmentState
SELF_ASSESSMENT = "assessments.selfassessment"
MOST_RETURNED = 4


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
    ) -> None:
        """Write all versions of one institution. `work` is what it did for the tasks that apply to it."""
        asked = [demand for done in work for demand in done.duty.demands]
        values = {demand.pk: _value(rng, demand, body.diligence) for demand in asked}
        opened_at = at(self.cycle.opens_on, WRITTEN, rng)
        for number, version in enumerate(versions, start=1):
            sheet = _Sheet(self, rng, body, version, number, opened_at, trail)
            sheet.write(work, asked, values)
            if version.reviewed_at:
                sheet.review(reviewer, version.reviewed_at, asked)
                opened_at = version.reviewed_at


class _Sheet:
    """One version on its way into the tables."""

    def __init__(self, judging: Judging, rng, body: Body, version: Version, number: int, opened_at, trail) -> None:
        self.judging, self.tables, self.rng, self.body = judging, judging.tables, rng, body
        self.version, self.number, self.opened_at, self.trail = version, number, opened_at, trail
        self.author, self.cio = body.people[Role.CONTRIBUTOR], body.people[Role.CIO]

    def write(self, work: list[Work], asked: list[Demand], values: dict[int, dict[str, Any]]) -> None:
        version = self.version
        answered = asked[: round(len(asked) * version.filled)]
        entries = {
            item.demand.pk: self._entry(item.demand, values[item.demand.pk], self._files(item))
            for done in work
            for item in done.items
        }
        signed: dict[str, Any] = {}
        if version.signed_at:
            content = canonical_json(self._content(work, entries))
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
            **signed,
        )
        for demand in answered:
            self._answer(demand, values[demand.pk], entries[demand.pk])
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

    def _entry(self, demand: Demand, value: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
        """The shape of a requirement in `assessments.content.content_to_sign`."""
        entry = {
            "reference": demand.reference,
            "text": demand.text,
            "kind": demand.kind,
            "unit": demand.unit,
            "answer": {name: part for name, part in value.items() if name != "justification"},
            "justification": value["justification"],
            "evidence": files,
        }
        if demand.kind == RequirementKind.MATURITY:
            entry["criterion"] = demand.criteria[value["level"]]
        if demand.kind == RequirementKind.RATIO:
            entry["percentage"] = Answer(numerator=value["numerator"], denominator=value["denominator"]).percentage
        return entry

    def _content(self, work: list[Work], entries: dict[int, dict[str, Any]]) -> dict[str, Any]:
        return self.judging.head | {
            "version": self.number,
            "institution": {"name": self.body.name, "credit_code": self.body.credit_code},
            "tasks": [
                {
                    "number": done.duty.number,
                    "title": done.duty.title,
                    "requirements": [entries[demand.pk] for demand in done.duty.demands],
                }
                for done in work
            ],
        }

    def _answer(self, demand: Demand, value: dict[str, Any], entry: dict[str, Any]) -> None:
        answer = self.tables.answers.add(
            self_assessment_id=self.pk,
            requirement_id=demand.pk,
            revision=1,
            updated_by_id=self.author,
            updated_at=self.written_at,
            **value,
        )
        for file in entry["evidence"]:
            self.tables.linked.add(answer_id=answer, evidence_id=uuid.UUID(file["id"]))

    # --- Verdict and trail --------------------------------------------------------------------------------

    def review(self, reviewer: Reviewer, reviewed_at: datetime.datetime, asked: list[Demand]) -> None:
        accepted = self.version.state == S.ACCEPTED
        failing = [] if accepted else self.rng.sample(asked, self.rng.randint(1, MOST_RETURNED))
        told = write_verdict(
            tables=self.tables,
            rng=self.rng,
            reviewer=reviewer,
            failing=failing,
            at=reviewed_at,
            self_assessment_id=self.pk,
        )
        name = "accept" if accepted else "return"
        self._move(reviewed_at, name, reviewer.user, S.SUBMITTED, self.version.state, **told)

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

    def _move(self, moment, name: str, actor: int, source: str, target: str, **data: Any) -> None:
        if self.trail:
            facts = {"from": str(source), "to": str(target), **data}
            self.trail.add(moment, f"selfassessment.{name}", actor, (SELF_ASSESSMENT, self.pk), facts)


def _value(rng: random.Random, demand: Demand, diligence: float) -> dict[str, Any]:
    """Where an institution of that diligence stands, by the requirement's kind."""
    value: dict[str, Any] = {"justification": texts.justification(rng, demand.kind)}
    if demand.kind == RequirementKind.MATURITY:
        value["level"] = min(5, max(0, round(diligence * 4.4 + rng.gauss(0.2, 0.9))))
    elif demand.kind == RequirementKind.RATIO:
        value["denominator"] = Decimal(rng.randrange(200, 9000)).quantize(Decimal("0.01"))
        share = Decimal(rng.randrange(400, 3600)) / 10000
        value["numerator"] = (value["denominator"] * share).quantize(Decimal("0.01"))
    else:
        value["in_place"] = rng.random() < 0.35 + diligence * 0.75
    return value


def open_cycles(*, plan: Plan, today: datetime.date, by: User) -> list[Cycle]:
    """The half-year before today's, and today's own, which is open by now."""
    starts_on = datetime.date(today.year, 1 if today.month <= 6 else 7, 1)
    cycles = []
    for start, latest_opening in ((_half_years_later(starts_on, -1), today), (starts_on, today - 40 * DAY)):
        cycle = Cycle.objects.create(plan=plan, kind=CycleKind.HALF_YEAR, **_half_year(start, latest_opening))
        record(action="cycle.opened", by=by, target=cycle, data={"plan": plan.slug})
        cycles.append(cycle)
    return cycles


def _half_years_later(day: datetime.date, count: int) -> datetime.date:
    years, half = divmod(day.year * 2 + (day.month > 6) + count, 2)
    return datetime.date(years, 1 + half * 6, 1)


def _half_year(starts_on: datetime.date, latest_opening: datetime.date) -> dict[str, Any]:
    """A cycle that opens with its period, or earlier, and is due on its last day."""
    half, english = ("上半年", "first half") if starts_on.month == 1 else ("下半年", "second half")
    ends_on = _half_years_later(starts_on, 1) - DAY
    return {
        "title": f"{starts_on.year}年{half}自评",
        "title_en": f"Self-assessment, {english} of {starts_on.year}",
        "period_starts_on": starts_on,
        "period_ends_on": ends_on,
        "opens_on": min(starts_on, latest_opening),
        "due_on": ends_on,
    }
