import datetime

import pytest
from django.utils import timezone

from plan.enums import Level, Part
from plan.models import Plan, Schedule, Task
from portal.accounts.enums import InstitutionKind
from portal.audit.models import AuditEvent
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.rollout import apply_schedule, roll_out
from tests.factories.accounts import InstitutionFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, load_csf_2014

pytestmark = pytest.mark.django_db


@pytest.fixture
def institutions():
    return [InstitutionFactory(kind=kind) for kind in InstitutionKind]


def expected_part(assignment: Assignment) -> Part:
    levels = {requirement.level for requirement in assignment.task.requirements.all()}
    return Part.for_institution(assignment.institution.kind, levels)


def test_the_part_in_sql_is_the_part_in_python_for_the_real_plan(institutions):
    plan = load_csf_2014()
    assert roll_out(plan=plan, by=None) == 25 * len(institutions)
    rows = Assignment.objects.select_related("institution").prefetch_related("task__requirements")
    assert {row.pk: row.part for row in rows} == {row.pk: expected_part(row) for row in rows}


def test_the_part_for_every_mixture_of_levels(institutions):
    plan = PlanFactory()
    mixtures = [[], *[[level] for level in Level], [Level.INDUSTRY, Level.CORE], list(Level)]
    for number, levels in enumerate(mixtures, 1):
        task = TaskFactory(theme__plan=plan, theme__number=number, number=number)
        for level in levels:
            RequirementFactory(task=task, level=level)
    roll_out(plan=plan, by=None)
    rows = Assignment.objects.select_related("institution").prefetch_related("task__requirements")
    assert len(rows) == len(mixtures) * len(institutions)
    assert {row.pk: row.part for row in rows} == {row.pk: expected_part(row) for row in rows}


def test_deadlines_of_a_kind_come_before_those_for_all(institutions):
    task = TaskFactory()
    due = datetime.date(2027, 6, 30)
    Schedule.objects.create(task=task, institution_kind=InstitutionKind.FUND, due_on=due, is_official=True)
    roll_out(plan=task.plan, by=None)
    found = {row.institution.kind: (row.deadline, row.deadline_is_official) for row in Assignment.objects.all()}
    assert found.pop(InstitutionKind.FUND) == (due, True)
    assert set(found.values()) == {(task.plan.ends_on, False)}


def test_again_only_what_is_new(institutions):
    task = TaskFactory()
    assert roll_out(plan=task.plan, by=None) == len(institutions)
    Assignment.objects.update(deadline=datetime.date(2030, 1, 1))
    InstitutionFactory()
    InstitutionFactory(is_active=False)
    assert roll_out(plan=task.plan, by=None) == 1
    assert roll_out(plan=task.plan, by=None) == 0
    assert Assignment.objects.filter(deadline=datetime.date(2030, 1, 1)).count() == len(institutions)
    assert AuditEvent.objects.filter(action="plan.rolled_out").count() == 2


def test_a_task_without_a_schedule_waits(institutions):
    task = TaskFactory(schedule=None)
    assert roll_out(plan=task.plan, by=None) == 0


def test_nobody_is_given_the_tasks_of_another_plan(institutions):
    task, other = TaskFactory(), TaskFactory()
    roll_out(plan=task.plan, by=None)
    assert set(Task.objects.filter(assignments__isnull=False)) == {task}
    assert Plan.objects.count() == 2 and other.assignments.count() == 0


def test_a_changed_schedule_reaches_open_work_only(institutions):
    task = TaskFactory()
    roll_out(plan=task.plan, by=None)
    closed = Assignment.objects.filter(institution=institutions[0])
    closed.update(state=AssignmentState.NOT_APPLICABLE, exempted_at=timezone.now(), exempted_reason="未开展业务")
    task.schedules.update(due_on=datetime.date(2027, 3, 31), is_official=True)
    fund = datetime.date(2027, 6, 30)
    Schedule.objects.create(task=task, institution_kind=InstitutionKind.FUND, due_on=fund, is_official=True)
    assert apply_schedule(plan=task.plan, by=None) == len(institutions) - 1
    found = {row.institution.kind: row.deadline for row in Assignment.objects.select_related("institution")}
    assert found.pop(InstitutionKind.FUND) == fund
    assert found.pop(institutions[0].kind) == task.plan.ends_on
    assert set(found.values()) == {datetime.date(2027, 3, 31)}
    assert AuditEvent.objects.about(task.plan).filter(action="plan.schedule_applied").count() == 1
    assert apply_schedule(plan=task.plan, by=None) == 0
