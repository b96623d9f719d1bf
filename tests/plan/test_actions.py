from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from plan.actions import PlanConflict, correct_task_title, load_plan, set_schedule
from plan.enums import RequirementKind
from plan.loader import InvalidPlanFile, parse_plan_file
from plan.models import Plan, Requirement, Schedule, Task, Theme
from portal.accounts.enums import AuthorityKind, Role
from portal.audit.models import AuditEvent
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import CSF_2014, PlanFactory, RequirementFactory, TaskFactory, load_csf_2014
from tests.factories.tasks import AssignmentFactory, StatementFactory
from tests.plan.test_loader import SMALL

MODELS = (Plan, Theme, Task, Requirement, Schedule)


def load(text: str, **options):
    return load_plan(file=parse_plan_file(text.encode(), name="a.yaml"), **options)


def rows() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


@pytest.fixture
def lead(db):
    return member(AuthorityFactory(), Role.LEAD_SUPERVISOR)


class TestLoading:
    pytestmark = pytest.mark.django_db

    def test_a_second_load_changes_nothing(self):
        first = load(SMALL)
        assert (first.created, first.updated, first.removed) == (1 + 1 + 2 + 3 + 3, 0, 0)
        before = rows()
        assert not load(SMALL).changed
        assert rows() == before
        assert AuditEvent.objects.filter(action="plan.loaded").count() == 1

    def test_the_library_plan_twice(self):
        load_csf_2014()
        before = rows()
        load_csf_2014()
        assert rows() == before

    def test_measures_and_second_review_are_read_and_updated(self):
        plan = load(SMALL).plan
        assert (plan.measures_below, plan.needs_second_review) == (3, False)
        plan = load(f"{SMALL}measures_below: 0\nneeds_second_review: true\n").plan
        assert (plan.measures_below, plan.needs_second_review) == (0, True)
        with pytest.raises(InvalidPlanFile, match="measures_below"):
            load(f"{SMALL}measures_below: 6\n")

    def test_an_edit_updates_in_place(self):
        load(SMALL)
        keys = [list(model.objects.values_list("pk", flat=True)) for model in MODELS]
        result = load(SMALL.replace("任务一", "任务甲").replace("2026-03-31", "2026-04-30"))
        assert (result.created, result.updated, result.removed) == (0, 3, 0)  # the plan's digest counts too
        assert [list(model.objects.values_list("pk", flat=True)) for model in MODELS] == keys
        assert Task.objects.get(number=1).title == "任务甲"
        assert AuditEvent.objects.last().data["updated"] == 3

    def test_what_the_file_drops_is_removed(self):
        load(SMALL)
        head, _, _ = SMALL.partition("      - number: 2\n        title: 任务二")
        result = load(
            head.replace("        schedules:\n          - institution_kind: core\n            due_on: 2026-03-31\n", "")
        )
        assert result.removed == 2 + 1  # task 2 with its requirement, and a schedule
        assert Task.objects.count() == 1
        assert Schedule.objects.count() == 1

    def test_all_dates_shift_by_whole_years_and_stay_shifted(self):
        leap = SMALL.replace("2026", "2024").replace("2024-06-30", "2024-02-29")
        plan = load(leap, shift_years=1).plan
        assert (plan.starts_on, plan.ends_on) == (date(2025, 1, 1), date(2025, 12, 31))
        due = plan.tasks.get(number=1).schedule_for("fund").due_on
        assert due == date(2025, 2, 28)
        assert not load(leap).changed
        load(leap, shift_years=0)
        assert plan.tasks.get(number=1).schedule_for("fund").due_on == date(2024, 2, 29)

    def test_a_kind_of_institution_may_have_its_own_deadline(self):
        load(SMALL)
        task = Task.objects.get(number=1)
        assert task.schedule_for("core").due_on == date(2026, 3, 31)
        assert task.schedule_for("fund").due_on == date(2026, 6, 30)

    def test_plans_do_not_touch_each_other(self):
        load(SMALL)
        before = list(Task.objects.values())
        load(SMALL.replace("slug: small", "slug: other").replace("任务一", "别的任务"))
        assert list(Task.objects.filter(plan__slug="small").values()) == before
        assert Plan.objects.count() == 2


class TestCorrections:
    def test_a_corrected_title_survives_a_reload(self, lead):
        load(SMALL.replace("title: 任务一", "title: 任务一\n        title_is_official: false"))
        task = Task.objects.get(number=1)
        correct_task_title(task=task, title="正式名称", title_en="Official title", by=lead)
        result = load(SMALL.replace("任务一", "任务乙"))
        task.refresh_from_db()
        assert (task.title, task.title_en, task.title_is_official) == ("正式名称", "Official title", True)
        assert result.kept == ["任务 1 的名称已在系统中更正，保留更正"]

    def test_the_correction_is_recorded(self, lead):
        task = TaskFactory(title_is_official=False)
        correct_task_title(task=task, title="正式名称", title_en="", by=lead)
        event = AuditEvent.objects.get(action="task.title_corrected")
        assert event.actor == lead
        assert event.data["before"]["title"] == task.title
        assert event.data["after"]["title"] == "正式名称"

    def test_saying_the_same_again_is_no_change(self, lead):
        task = TaskFactory()
        correct_task_title(task=task, title=task.title, title_en=task.title_en, by=lead)
        assert Task.objects.get().title_edited_at is None
        assert not AuditEvent.objects.filter(action="task.title_corrected").exists()

    def test_a_deadline_set_in_the_portal_survives_a_reload(self, lead):
        load(SMALL)
        task = Task.objects.get(number=1)
        set_schedule(task=task, due_on=date(2026, 9, 30), by=lead)
        set_schedule(task=task, institution_kind="fund", due_on=date(2026, 10, 31), is_official=False, by=lead)
        result = load(SMALL)
        assert task.schedule_for("securities").due_on == date(2026, 9, 30)
        assert task.schedule_for("fund").due_on == date(2026, 10, 31)
        assert result.kept == ["任务 1 的期限已在系统中调整，保留调整"]
        assert AuditEvent.objects.filter(action="task.schedule_set").count() == 2

    @pytest.mark.parametrize(
        ("role", "kind"),
        [
            (Role.SUPERVISOR, AuthorityKind.HEADQUARTERS),
            (Role.OBSERVER, AuthorityKind.HEADQUARTERS),
            (Role.LEAD_SUPERVISOR, AuthorityKind.REGIONAL_OFFICE),
            (Role.LEAD_SUPERVISOR, AuthorityKind.ASSOCIATION),
        ],
    )
    def test_only_a_lead_supervisor_of_headquarters_may(self, lead, role, kind):
        task = TaskFactory()
        other = member(AuthorityFactory(kind=kind), role)
        for refused in (
            lambda: correct_task_title(task=task, title="x", title_en="", by=other),
            lambda: set_schedule(task=task, due_on=date(2026, 9, 30), by=other),
            lambda: load(SMALL, by=other),
        ):
            with pytest.raises(PermissionDenied):
                refused()
        assert load(SMALL, by=lead).changed

    def test_nobody_of_an_institution_may(self, db):
        cio = member(InstitutionFactory(), Role.CIO)
        with pytest.raises(PermissionDenied):
            set_schedule(task=TaskFactory(), due_on=date(2026, 9, 30), by=cio)


class TestConflicts:
    """Work that institutions have done holds its requirement and task in place."""

    pytestmark = pytest.mark.django_db

    @pytest.fixture(autouse=True)
    def plan(self):
        return load(SMALL).plan

    def work_on(self, number: int) -> None:
        requirement = Requirement.objects.get(task__number=1, number=number)
        StatementFactory(assignment__task=requirement.task, requirement=requirement)

    def test_a_dropped_requirement_and_a_dropped_task(self):
        self.work_on(2)
        AssignmentFactory(task__theme__plan__slug="another")
        AssignmentFactory(task=Task.objects.get(number=2))
        before = rows()
        head, _, _ = SMALL.partition("          - number: 2\n            text: 报送人数")
        with pytest.raises(PlanConflict) as caught:
            load(head)
        assert caught.value.conflicts == [
            "计划文件缺少“1.2 报送人数”，但已有工作记录引用它，不能删除",
            "计划文件缺少“2 任务二”，但已有工作记录引用它，不能删除",
        ]
        assert rows() == before

    def test_another_kind(self):
        other = SMALL.replace("kind: evidence", "kind: yes_no")
        self.work_on(1)
        with pytest.raises(PlanConflict, match=r"要求 1\.1 已有填报内容，不能改变类型"):
            load(other)
        assert Requirement.objects.get(task__number=1, number=1).kind == RequirementKind.EVIDENCE

    def test_what_nobody_worked_on_may_change(self):
        self.work_on(2)
        load(SMALL.replace("kind: evidence", "kind: yes_no"))
        assert Requirement.objects.get(task__number=1, number=1).kind == RequirementKind.YES_NO


class TestCommand:
    pytestmark = pytest.mark.django_db

    def test_it_says_what_it_did(self, capsys):
        call_command("load_plan", CSF_2014, shift_years=11)
        call_command("load_plan", CSF_2014)
        assert capsys.readouterr().out.splitlines() == [
            "“中国证券期货业信息安全工作计划”已载入：新增 134 条，更新 0 条，删除 0 条。",
            "“中国证券期货业信息安全工作计划”没有变化。",
        ]
        assert Plan.objects.get().ends_on == date(2031, 12, 31)

    def test_a_bad_file_changes_nothing(self, tmp_path):
        load(SMALL)
        before = rows()
        bad = tmp_path / "bad.yaml"
        bad.write_text(SMALL.replace("任务一", "任务甲").replace("kind: maturity", "kind: x"))
        with pytest.raises(CommandError) as caught:
            call_command("load_plan", bad)
        assert str(caught.value).startswith(f"{bad}:35: themes[0].tasks[1].requirements[0].kind: ")
        assert str(caught.value).endswith("未作任何更改。")
        assert rows() == before

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(CommandError, match="无法读取文件"):
            call_command("load_plan", tmp_path / "none.yaml")


class TestMutatedFiles(TestCase):
    """Whatever is done to a file, it is loaded whole or not at all."""

    @settings(max_examples=60)
    @given(st.integers(0, len(SMALL.splitlines()) - 1), st.sampled_from(["", "x", "1", "'", "- 1", "2026-01-01"]))
    def test_all_or_nothing(self, index, value):
        lines = SMALL.splitlines()
        lines[index] = lines[index].partition(":")[0] + ": " + value
        before = rows()
        try:
            with transaction.atomic():
                result = load("\n".join(lines))
        except (InvalidPlanFile, PlanConflict):
            assert rows() == before
        else:
            assert result.changed
            counts = [len(found) for found in rows()]
            assert counts[:3] == [1, 1, 2]
            assert result.created == sum(counts)


class TestConstraints:
    """What not even SQL can store."""

    pytestmark = pytest.mark.django_db

    @pytest.mark.parametrize(
        ("name", "value"),
        [("level", "x"), ("kind", "x"), ("binding", "x"), ("weight", 0), ("number", 0), ("kind", "maturity")],
    )
    def test_requirement(self, name, value):
        requirement = RequirementFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            Requirement.objects.filter(pk=requirement.pk).update(**{name: value})

    def test_plan_ends_after_it_starts(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlanFactory(ends_on=date(2026, 1, 1))

    def test_task_numbers_are_unique_in_a_plan(self):
        task = TaskFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            TaskFactory(theme=task.theme, number=task.number)
