from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plan.enums import RequirementKind
from plan.models import Schedule, Task
from portal.accounts.enums import Role
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory, load_csf_2014

pytestmark = pytest.mark.django_db

EDIT_PAGES = [("get", "task_edit"), ("post", "task_title"), ("post", "task_schedule")]


@pytest.fixture
def sign_in(client):
    def as_member(body, role):
        user = member(body, role)
        client.force_login(user)
        return user

    return as_member


@pytest.fixture
def lead(sign_in):
    return sign_in(AuthorityFactory(), Role.LEAD_SUPERVISOR)


def url(name: str, task: Task) -> str:
    return reverse(f"plan:{name}", args=[task.plan.slug, task.number])


def test_only_people_with_an_account_read_plans(client):
    plan = PlanFactory()
    for page in (reverse("plan:list"), plan.get_absolute_url()):
        assert client.get(page).url.startswith(reverse("account_login"))


def test_the_list_leads_to_the_only_plan(client, sign_in):
    sign_in(InstitutionFactory(), Role.CONTRIBUTOR)
    assert "尚未载入计划" in client.get(reverse("plan:list")).text
    plan = PlanFactory()
    assert client.get(reverse("plan:list")).url == plan.get_absolute_url()
    other = PlanFactory()
    page = client.get(reverse("plan:list")).text
    assert plan.title in page
    assert other.title in page


def test_the_whole_plan_is_on_its_page(client, sign_in):
    sign_in(InstitutionFactory(), Role.CONTRIBUTOR)
    plan = load_csf_2014(shift_years=11)
    page = client.get(plan.get_absolute_url()).text
    for task in plan.tasks.prefetch_related("requirements"):
        assert task.title in page
        for requirement in task.requirements.all():
            assert f'id="requirement-{requirement.reference}"' in page
            assert requirement.text in page
    assert page.count(">暂拟</span>") == 6
    assert page.count(">暂定</span>") == 25
    assert "2031-12-31" in page
    assert "5 个主题，25 项任务，78 项要求" in page


def test_the_page_in_english(client, sign_in):
    sign_in(InstitutionFactory(), Role.CONTRIBUTOR)
    plan = load_csf_2014()
    client.cookies["django_language"] = "en"
    page = client.get(plan.get_absolute_url()).text
    assert "Carry out IT audit" in page
    assert "No IT audit post and no IT auditors" in page
    assert "开展信息技术审计工作" not in page


def grow(plan, count: int) -> None:
    for _ in range(count):
        theme = ThemeFactory(plan=plan)
        for kind in (RequirementKind.MATURITY, RequirementKind.EVIDENCE):
            RequirementFactory(task=TaskFactory(theme=theme), kind=kind)


def test_queries_do_not_grow_with_the_plan(client, lead, django_assert_num_queries):
    plan = PlanFactory()
    grow(plan, 1)
    client.get(plan.get_absolute_url())
    with CaptureQueriesContext(connection) as one:
        client.get(plan.get_absolute_url())
    grow(plan, 2)
    with django_assert_num_queries(len(one)):
        client.get(plan.get_absolute_url())


def test_queries_do_not_grow_with_the_list(client, lead, django_assert_num_queries):
    PlanFactory.create_batch(2)
    client.get(reverse("plan:list"))
    with CaptureQueriesContext(connection) as two:
        client.get(reverse("plan:list"))
    PlanFactory.create_batch(2)
    with django_assert_num_queries(len(two)):
        client.get(reverse("plan:list"))


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OBSERVER])
@pytest.mark.parametrize(("method", "name"), EDIT_PAGES)
def test_only_a_lead_supervisor_edits(client, sign_in, role, method, name):
    task = TaskFactory()
    sign_in(AuthorityFactory(), role)
    assert getattr(client, method)(url(name, task)).status_code == 403
    assert url("task_edit", task) not in client.get(task.plan.get_absolute_url()).text


@pytest.mark.parametrize(("method", "name"), EDIT_PAGES)
def test_nobody_of_an_institution_edits(client, sign_in, method, name):
    task = TaskFactory()
    sign_in(InstitutionFactory(), Role.CIO)
    assert getattr(client, method)(url(name, task)).status_code == 403


def test_correcting_a_title(client, lead):
    task = TaskFactory(title_is_official=False)
    assert url("task_edit", task) in client.get(task.plan.get_absolute_url()).text
    assert task.title in client.get(url("task_edit", task)).text
    response = client.post(url("task_title", task), {"title": "正式名称", "title_en": ""})
    assert response.url == task.get_absolute_url()
    task.refresh_from_db()
    assert (task.title, task.title_en, task.title_is_official) == ("正式名称", "", True)


def test_a_title_is_needed(client, lead):
    task = TaskFactory(title_is_official=False)
    response = client.post(url("task_title", task), {"title": " ", "title_en": "x"})
    assert "error-summary" in response.text
    assert task.title in response.text
    task.refresh_from_db()
    assert not task.title_is_official


def test_setting_a_deadline(client, lead):
    task = TaskFactory()
    data = {"institution_kind": "fund", "due_on": "2027-06-30", "is_official": "on"}
    assert client.post(url("task_schedule", task), data).url == url("task_edit", task)
    schedule = Schedule.objects.get(institution_kind="fund")
    assert (schedule.due_on, schedule.is_official) == (date(2027, 6, 30), True)
    assert "2027-06-30" in client.get(url("task_edit", task)).text


def test_a_deadline_outside_the_plan_is_refused(client, lead):
    task = TaskFactory()
    response = client.post(url("task_schedule", task), {"institution_kind": "all", "due_on": "2032-01-01"})
    assert "期限不在计划期内。请选择 2026年1月1日 至 2031年12月31日 之间的日期。" in response.text
    assert Schedule.objects.get().edited_at is None


def test_a_task_of_no_plan(client, lead):
    task = TaskFactory()
    for slug, number in [("none", task.number), (task.plan.slug, 999), (task.plan.slug, 10**12)]:
        assert client.get(reverse("plan:task_edit", args=[slug, number])).status_code == 404
