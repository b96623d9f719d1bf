"""The rules of a plan's reminders: who sets them, what is refused, and what a trial shows."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given

from plan import reminding
from plan.enums import Reminded
from plan.models import ReminderStage
from plan.reminders import STANDARD, in_order, rules_of, stages_of
from plan.trial import institutions_without, trial_of, warnings
from portal.accounts.enums import AuthorityKind, Role
from portal.audit.models import AuditEvent
from portal.notices.enums import Addressee as A
from portal.notices.enums import DayUnit
from portal.notices.reminders.stages import Stage
from portal.working_days import is_working_day
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import PlanFactory, TaskFactory
from tests.notices.stages import days, rules

KIND = Reminded.ASSIGNMENT
TYPED = {"side": "before", "days": "14", "unit": "calendar", "tell": ["liaison"], "every": "", "idle_days": ""}


@pytest.fixture
def lead(client, db):
    user = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    member(user.memberships.get().authority, Role.SUPERVISOR)
    client.force_login(user)
    return user


@pytest.fixture
def task(db):
    return TaskFactory()


def url(name, task, *arguments, own=False):
    start = [task.plan.slug, task.number] if own else [task.plan.slug]
    return reverse(f"plan:{name}", args=[*start, *arguments])


def everybody():
    institution = InstitutionFactory()
    for role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO):
        member(institution, role)
    return institution


@pytest.mark.parametrize("own", [False, True])
def test_the_standard_is_copied_and_given_back(client, lead, task, own):
    page = client.get(url("reminders", task, own=own)).text
    assert "标准规则" in page
    assert "期限前 30 天" in page
    client.post(url("reminders_own", task, KIND, own=own))
    client.post(url("reminders_own", task, KIND, own=own))
    assert ReminderStage.objects.count() == len(STANDARD[KIND])
    assert stages_of(task.plan, KIND, task if own else None) == in_order(STANDARD[KIND])
    assert "单独设定</span>" in client.get(url("reminders", task, own=own)).text
    assert "期限前 30 天" in client.get(url("reminders_restore", task, KIND, own=own)).text
    client.post(url("reminders_restore", task, KIND, own=own))
    assert not ReminderStage.objects.exists()
    assert [event.data["after"] is None for event in AuditEvent.objects.filter(action="reminders.stages_set")] in (
        [True, False],
        [False, True],
    )


def test_a_task_starts_from_its_plans_rules_and_stands_out(client, lead, task):
    everybody()
    reminding.add_stage(plan=task.plan, subject=KIND, stage=Stage(-14, DayUnit.CALENDAR, (A.CIO,)), by=lead)
    reminding.set_own_stages(plan=task.plan, task=task, subject=KIND, by=lead)
    assert stages_of(task.plan, KIND, task) == stages_of(task.plan, KIND)
    client.post(url("reminder_add", task, KIND, own=True), TYPED | {"days": "21"})
    found = rules_of(KIND)
    assert {stage.offset for stage in found[task.plan_id, task.pk]} - {
        stage.offset for stage in found[task.plan_id, None]
    } == {-21}
    assert url("reminders", task, own=True) in client.get(task.plan.get_absolute_url()).text
    assert url("reminders", task, own=True) in client.get(url("reminders", task)).text
    assert url("reminders", task, own=True) in client.get(url("task_edit", task, own=True)).text


def test_a_self_assessment_has_no_rules_of_a_task(client, lead, task):
    assert client.post(url("reminders_own", task, Reminded.SELF_ASSESSMENT, own=True)).status_code == 404
    assert client.post(url("reminders_own", task, "nothing")).status_code == 404


def test_adding_changing_and_removing(client, lead, task):
    everybody()
    assert client.post(url("reminder_add", task, KIND), TYPED).status_code == 302
    assert ReminderStage.objects.count() == len(STANDARD[KIND]) + 1
    row = ReminderStage.objects.get(offset=-14)
    page = client.get(url("reminder_change", task, row.pk)).text
    assert 'value="14"' in page
    typed = TYPED | {"side": "after", "days": "60", "every": "30", "tell": ["cio", "supervisor"]}
    assert client.post(url("reminder_change", task, row.pk), typed).status_code == 302
    row.refresh_from_db()
    assert row.stage == Stage(60, DayUnit.CALENDAR, (A.CIO, A.SUPERVISOR), every=30)
    assert "逾期 60 天起，每 30 天" in client.get(url("reminders", task)).text
    assert "逾期 60 天起" in client.get(url("reminder_remove", task, row.pk)).text
    client.post(url("reminder_remove", task, row.pk))
    assert not ReminderStage.objects.filter(offset=60).exists()
    assert AuditEvent.objects.filter(action="reminders.stages_set").count() == 4


def test_a_stage_of_another_place_is_not_there(client, lead, task):
    reminding.set_own_stages(plan=task.plan, subject=KIND, by=lead)
    row = ReminderStage.objects.first()
    assert client.get(url("reminder_change", task, row.pk, own=True)).status_code == 404
    assert client.get(url("reminder_change", TaskFactory(), row.pk)).status_code == 404


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"tell": []}, "请至少选择一个提醒对象"),
        ({"days": "401"}, "400"),
        ({"days": "-3"}, "0"),
        ({"every": "7"}, "只有期限之后的阶段可以重复提醒"),
        ({"side": "after", "every": "6"}, "间隔不能少于 7 天"),
        ({"side": "after", "every": "7", "unit": "working"}, "重复提醒只能按自然日计"),
        ({"side": "after", "days": "0"}, "期限之后的阶段至少为 1 天"),
        ({"days": "7"}, "已有同一天提醒相同对象的阶段"),
        ({"idle_days": "0"}, "1"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, lead, task, typed, message):
    everybody()
    response = client.post(url("reminder_add", task, KIND), TYPED | typed)
    assert response.status_code == 400
    assert any(message in str(errors) for errors in response.context["form"].errors.values())
    assert not ReminderStage.objects.exists()


def test_telling_nobody_is_confirmed_first_and_nothing_typed_is_lost(client, lead, task):
    InstitutionFactory()
    response = client.post(url("reminder_add", task, KIND), TYPED | {"idle_days": "12"})
    assert response.context["warnings"] == ["1 家机构没有联络人，在这些机构，该阶段无联络人可通知。"]
    assert "仍然保存" in response.text
    assert 'value="12"' in response.text
    assert not ReminderStage.objects.exists()
    client.post(url("reminder_add", task, KIND), TYPED | {"idle_days": "12", "confirmed": "1"})
    assert ReminderStage.objects.get(offset=-14).idle_days == 12


def test_removing_what_tells_the_institution_is_warned_of(client, lead, task):
    reminding.set_own_stages(plan=task.plan, subject=KIND, by=lead)
    rows = ReminderStage.objects.filter(offset__lt=0, idle_days=None)
    for row in rows[1:]:
        reminding.remove_stage(row=row, by=lead)
    assert "没有任何阶段在期限之前提醒机构内人员" in client.get(url("reminder_remove", task, rows.get().pk)).text


def test_warnings():
    above, week = Stage(7, DayUnit.CALENDAR, (A.SUPERVISOR,)), Stage(-7, DayUnit.CALENDAR, (A.LIAISON,))
    assert "都只提醒监管人员" in warnings([above])[0]
    assert warnings([above, week]) == []
    assert "期限之前" in warnings([Stage(0, DayUnit.CALENDAR, (A.CIO,))])[0]
    assert "期限之前" in warnings([Stage(-7, DayUnit.CALENDAR, (A.CIO,), idle_days=7)])[0]


@pytest.mark.django_db
def test_institutions_without_a_role():
    office = AuthorityFactory()
    everybody()
    bare = InstitutionFactory()
    assert [institutions_without(who) for who in (A.CIO, A.SUPERVISOR)] == [1, 2]
    member(office, Role.SUPERVISOR)
    left = member(bare, Role.CIO)
    assert [institutions_without(who) for who in (A.CIO, A.SUPERVISOR)] == [0, 0]
    left.is_active = False
    left.save()
    assert institutions_without(A.CIO) == 1


ASKED = [
    ("reminders_own", [KIND]),
    ("reminders_restore", [KIND]),
    ("reminder_add", [KIND]),
    ("reminder_change", [0]),
    ("reminder_remove", [0]),
]


@pytest.mark.parametrize(("name", "arguments"), ASKED)
@pytest.mark.parametrize("who", ["cio", "supervisor", "regional"])
def test_only_headquarters_lead_writes(client, task, who, name, arguments):
    body, role = {
        "cio": (InstitutionFactory, Role.CIO),
        "supervisor": (AuthorityFactory, Role.SUPERVISOR),
        "regional": (lambda: AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE), Role.LEAD_SUPERVISOR),
    }[who]
    user = member(body(), role)
    client.force_login(user)
    assert client.post(url(name, task, *arguments), TYPED).status_code == 403
    page = client.get(url("reminders", task))
    assert page.status_code == 200
    assert "为本计划单独设定" not in page.text
    with pytest.raises(PermissionDenied):
        reminding.set_own_stages(plan=task.plan, subject=KIND, by=user)


def test_the_page_costs_the_same_with_more_rules(client, lead, task, django_assert_num_queries):
    reminding.set_own_stages(plan=task.plan, subject=KIND, by=lead)
    client.get(url("reminders", task))
    with CaptureQueriesContext(connection) as one:
        client.get(url("reminders", task))
    for subject in Reminded:
        reminding.set_own_stages(plan=task.plan, subject=subject, by=lead)
    for other in (TaskFactory(theme=task.theme), task):
        reminding.set_own_stages(plan=task.plan, task=other, subject=KIND, by=lead)
    with django_assert_num_queries(len(one)):
        client.get(url("reminders", task))


@pytest.mark.parametrize("day", ["2028-02-29", "2020-02-29", "2013-10-03", "2099-12-31"])
def test_a_trial_on_any_day(client, lead, task, day):
    page = client.get(url("reminders", task), {"deadline": day})
    assert page.context["deadline"] == datetime.date.fromisoformat(day)
    assert ("估计</span>" in page.text) == (day > "2027")


@pytest.mark.parametrize("day", ["2026-02-30", "1999-01-01", "9999-12-31", "x", ""])
def test_a_trial_on_no_day_says_so(client, lead, task, day):
    page = client.get(url("reminders", task), {"deadline": day})
    assert page.status_code == 200
    assert "error-summary" in page.text


def test_a_trial_says_why_a_day_was_moved(client, lead, task):
    page = client.get(url("reminders", task), {"deadline": "2026-10-03"}).text
    assert "2026-10-03（星期六）不是工作日，提前到上一个工作日。" in page


@given(rules(60), days)
def test_a_trial_tells_on_working_days_and_names_those_that_moved(told, deadline):
    for line in trial_of(told, deadline).days:
        assert is_working_day(line.day)
        assert line.is_moved != is_working_day(line.planned)


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_at_once_copy_once():
    from threading import Thread

    plan, lead = PlanFactory(), member(AuthorityFactory(), Role.LEAD_SUPERVISOR)

    def begin():
        try:
            reminding.set_own_stages(plan=plan, subject=KIND, by=lead)
        finally:
            connection.close()

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ReminderStage.objects.count() == len(STANDARD[KIND])
