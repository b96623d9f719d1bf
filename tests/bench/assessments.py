"""Self-assessments: the page of a large one, and opening a cycle for 25,000 institutions."""

from __future__ import annotations

import datetime
import random

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from assessments.actions import open_cycle
from assessments.completeness import lines_of
from assessments.enums import CycleKind
from assessments.models import Answer, Cycle, SelfAssessment
from plan.actions import load_plan
from plan.enums import RequirementKind
from plan.loader import read_plan_file
from plan.models import Plan
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Institution, User
from portal.shell.demo.bodies import World
from portal.shell.demo.load import PLAN_FILE
from tasks.rollout import roll_out
from tests.bench.databases import LARGE, Bench
from tests.bench.figures import figure
from tests.bench.requests import TakenApart, get, without_queries
from tests.bench.timing import interleaved, seconds
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.tasks import EvidenceFactory

REQUIREMENTS, FILES = 78, 300
VALUES = {
    RequirementKind.EVIDENCE: {"in_place": True},
    RequirementKind.YES_NO: {"in_place": True},
    RequirementKind.MATURITY: {"level": 3},
    RequirementKind.RATIO: {"numerator": 30, "denominator": 120},
    RequirementKind.NUMBER: {"number": 12},
    RequirementKind.DATE: {"date": datetime.date(2026, 3, 31)},
}


@figure("assessment_page", unit="×", at_most=2.5)
def assessment_page(bench: Bench) -> float:
    """A self-assessment of 78 requirements with 300 files, as its institution opens it, over its own SQL plus
    an empty page, which is
    an inbox with nothing in it and its own queries left out.
    """
    with bench.using(bench.empty("assessment")), transaction.atomic():
        self_assessment, reader = _large_one()
        client, path = bench.client(reader.email), self_assessment.get_absolute_url()
        empty = reverse("notices:inbox")
        page = TakenApart(client, path)
        runs = {
            "request": lambda: seconds(lambda: get(client, path)),
            "queries and empty page": lambda: seconds(page.replay) + without_queries(lambda: get(client, empty)),
        }
        taken = interleaved(runs)
        bench.say(f"  {len(page.queries)} queries: {taken}")
        transaction.set_rollback(True)
    return taken.ratio("request", "queries and empty page")


def _large_one() -> tuple[SelfAssessment, User]:
    """A core institution's draft with every requirement answered; core institutions answer all there are."""
    plan = load_plan(file=read_plan_file(PLAN_FILE)).plan
    institution = InstitutionFactory(kind=InstitutionKind.CORE)
    reader = member(institution, Role.CONTRIBUTOR)
    roll_out(plan=plan, by=None)
    self_assessment = SelfAssessmentFactory(cycle=CycleFactory(plan=plan), institution=institution)
    lines = lines_of(self_assessment)
    assert len(lines) == REQUIREMENTS, len(lines)
    assignments = {assignment.task_id: assignment for assignment in institution.assignments.all()}
    for number, line in enumerate(lines):
        answer = AnswerFactory(
            self_assessment=self_assessment,
            requirement=line.requirement,
            updated_by=reader,
            **VALUES[RequirementKind(line.requirement.kind)],
        )
        files = FILES * (number + 1) // REQUIREMENTS - FILES * number // REQUIREMENTS
        assignment = assignments[line.requirement.task_id]
        facts = {"assignment": assignment, "requirement": line.requirement, "uploaded_by": reader}
        answer.evidence.set([EvidenceFactory(**facts) for _ in range(files)])
    return self_assessment, reader


@figure("open_cycle_25k", unit="×", at_most=2.5)
def open_cycle_25k(bench: Bench) -> float:
    """A cycle for 25,000 institutions, each draft filled with its last accepted answers and their files, over the
    bare inserts of the same rows into the same tables, both with their commit.
    """
    with bench.using(bench.empty("cycles")):
        plan, lead = _accepted_everywhere(LARGE)
        _open(plan, lead, year=2026)
        with connection.cursor() as cursor:
            for table, (opened, columns) in OPENED.items():
                cursor.execute(f"DROP TABLE IF EXISTS ready_{table}")
                cursor.execute(f"CREATE TABLE ready_{table} AS SELECT {columns} FROM {table} WHERE {opened}")
                bench.say(f"  {cursor.rowcount} rows of {table}")
                cursor.execute(f"ANALYZE ready_{table}")
        runs = {"open_cycle": lambda: _action(plan, lead), "bare inserts": _bare}
        taken = interleaved(runs, rounds=3, warm_up=0)
    bench.say(f"  {taken}")
    return taken.ratio("open_cycle", "bare inserts")


def _columns(model) -> str:
    return ", ".join(connection.ops.quote_name(field.column) for field in model._meta.concrete_fields)


LINKS = Answer.evidence.through
OPENED_NOW = "cycle_id > (SELECT min(id) FROM assessments_cycle)"
IN_CYCLE = f"SELECT id FROM {SelfAssessment._meta.db_table} WHERE {OPENED_NOW}"
ANSWERS_IN_CYCLE = f"SELECT id FROM {Answer._meta.db_table} WHERE self_assessment_id IN ({IN_CYCLE})"
# The tables in the order in which they are filled: which rows do not belong to the first cycle, and the columns.
OPENED = {
    SelfAssessment._meta.db_table: (OPENED_NOW, _columns(SelfAssessment)),
    Answer._meta.db_table: (f"self_assessment_id IN ({IN_CYCLE})", _columns(Answer)),
    LINKS._meta.db_table: (f"answer_id IN ({ANSWERS_IN_CYCLE})", _columns(LINKS)),
}
ACCEPT = """
    UPDATE assessments_selfassessment
    SET state = 'accepted', handed_in_at = now(), signed_at = now(), reviewed_at = now(), signed_by_id = %s,
        content = '{"tasks": []}', sha256 = repeat('0', 64), sm3 = repeat('0', 64)
"""
ANSWER = """
    INSERT INTO assessments_answer (self_assessment_id, requirement_id, in_place, justification, measure,
        measure_owner, reply, is_carried_over, revision, updated_by_id, updated_at)
    SELECT self_assessment.id, requirement.id, true, '制度已发布并执行，记录完整。', '', '', '', false, 1, %s, now()
    FROM assessments_selfassessment self_assessment
    JOIN tasks_assignment assignment ON assignment.institution_id = self_assessment.institution_id
    JOIN plan_requirement requirement ON requirement.task_id = assignment.task_id
    WHERE assignment.part = 'lead' OR (assignment.part = 'implement' AND requirement.level = 'institution')
        OR (assignment.part = 'support' AND requirement.level = 'industry')
"""


def _accepted_everywhere(institutions: int) -> tuple[Plan, User]:
    """An accepted round, in which every institution answered all it was asked, with a file for each task."""
    lead = User.objects.filter(email="lead@csrc.example").first()
    if lead:
        return Plan.objects.get(), lead
    with transaction.atomic():
        plan = load_plan(file=read_plan_file(PLAN_FILE)).plan
        World(institutions=institutions, rng=random.Random(1), password="unused")
        roll_out(plan=plan, by=None)
        lead = User.objects.get(email="lead@csrc.example")
        _open(plan, lead, year=2024)
        with connection.cursor() as cursor:
            cursor.execute(ANSWER, [lead.pk])
            cursor.execute(ACCEPT, [lead.pk])
            _link_files(cursor, lead)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return plan, lead


def _link_files(cursor, lead: User) -> None:
    """A file for the first requirement of each task, one set of bytes an institution."""
    first = Institution.objects.first()
    assignment = first.assignments.first()
    EvidenceFactory(
        assignment=assignment, requirement=assignment.requirements.first(), uploaded_by=lead, content=b"evidence"
    )
    for table, joined, replaced in (
        (
            "vault_storedfile",
            "accounts_institution other ON other.id <> model.institution_id",
            {"id": "gen_random_uuid()", "institution_id": "other.id"},
        ),
        (
            "tasks_evidence",
            "tasks_assignment other ON other.id <> model.assignment_id "
            "JOIN vault_storedfile stored ON stored.institution_id = other.institution_id "
            "JOIN LATERAL (SELECT min(requirement_id) AS requirement_id FROM assessments_answer answer "
            "JOIN assessments_selfassessment self_assessment ON self_assessment.id = answer.self_assessment_id "
            "JOIN plan_requirement requirement ON requirement.id = answer.requirement_id "
            "WHERE self_assessment.institution_id = other.institution_id AND requirement.task_id = other.task_id) "
            "answered ON answered.requirement_id IS NOT NULL",
            {
                "id": "gen_random_uuid()",
                "series": "gen_random_uuid()",
                "institution_id": "other.institution_id",
                "assignment_id": "other.id",
                "requirement_id": "answered.requirement_id",
                "stored_id": "stored.id",
            },
        ),
    ):
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'", [table]
        )
        columns = [name for (name,) in cursor.fetchall()]
        values = [replaced.get(name, f"model.{name}") for name in columns]
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} model JOIN {joined}"
        )
    cursor.execute(
        f"INSERT INTO {LINKS._meta.db_table} (answer_id, evidence_id) SELECT answer.id, evidence.id "
        "FROM assessments_answer answer "
        "JOIN assessments_selfassessment self_assessment ON self_assessment.id = answer.self_assessment_id "
        "JOIN tasks_evidence evidence ON evidence.requirement_id = answer.requirement_id "
        "AND evidence.institution_id = self_assessment.institution_id"
    )


def _open(plan: Plan, lead: User, year: int) -> Cycle:
    today = timezone.localdate()
    return open_cycle(
        plan=plan,
        kind=CycleKind.HALF_YEAR,
        title="上半年自评",
        period_starts_on=datetime.date(year, 1, 1),
        period_ends_on=datetime.date(year, 6, 30),
        opens_on=today,
        due_on=today + datetime.timedelta(days=30),
        by=lead,
    )


def _action(plan: Plan, lead: User) -> float:
    _emptied()
    Cycle.objects.filter(period_starts_on__year=2025).delete()
    return seconds(lambda: _open(plan, lead, year=2025))


def _bare() -> float:
    _emptied()

    @transaction.atomic
    def insert() -> None:
        with connection.cursor() as cursor:
            for table, (_opened, columns) in OPENED.items():
                cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ready_{table}")

    return seconds(insert)


def _emptied() -> None:
    """The tables with the rows of the first cycle only."""
    with connection.cursor() as cursor:
        for table, (opened, _columns_of) in reversed(OPENED.items()):
            cursor.execute(f"DELETE FROM {table} WHERE {opened}")
        for table in OPENED:
            cursor.execute(f"VACUUM {table}")
        cursor.execute("CHECKPOINT")
