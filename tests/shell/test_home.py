"""The first page of each role: its figures are those of the lists behind them."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.enums import SelfAssessmentState
from assessments.models import Delegation
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, InstitutionKind, Role
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.reports import small_industry
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def industry():
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES, InstitutionKind.FUTURES])
    plan, institutions = small_industry(seed=2)
    return authority, plan, institutions


def listed(client, url):
    """How many rows the list behind an address has."""
    response = client.get(url, follow=True)
    assert response.status_code == 200
    assert response.context["asked"].is_valid
    return response.context["count"].number


def test_every_cell_of_the_heat_map_counts_the_list_behind_it(client, industry):
    authority, _plan, _institutions = industry
    user = member(authority, Role.SUPERVISOR)
    client.force_login(user)
    chart = client.get("/").context["heat"]
    cells = [cell for _head, row in chart.rows for cell in row]
    assert any(cell.figures.overdue for cell in cells)
    for cell in cells:
        assert set(parse_qs(urlsplit(cell.url).query)) <= {"plan", "theme", "kind", "overdue"}
        assert cell.figures.overdue == listed(client, cell.url), cell.label


def test_every_bar_and_tile_counts_the_list_behind_it(client, industry):
    authority, plan, _institutions = industry
    # With a second plan the numbers of themes alone would say too little.
    AssignmentFactory(task__theme__plan=PlanFactory(starts_on=plan.starts_on - timedelta(days=9)))
    user = member(authority, Role.OBSERVER)
    client.force_login(user)
    context = client.get("/").context
    assert context["plan"] == plan
    for bar in context["chart"].bars:
        assert bar.value == listed(client, bar.url)
    figures, tiles = context["figures"], context["tiles"]
    for name, number in {
        "total": figures.total,
        "overdue": figures.overdue,
        "submitted": figures.waiting_for_review,
        "returned": figures.returned,
        "accepted": figures.accepted,
    }.items():
        assert number == listed(client, tiles[name]), name


def test_what_is_late_returned_or_due_counts_the_list_behind_it(client, industry):
    authority, plan, _institutions = industry
    AssignmentFactory(task__theme__plan=PlanFactory(starts_on=plan.starts_on - timedelta(days=9)))
    task, today = plan.tasks.first(), timezone.localdate()
    for days in (30, 31, 90, 91, 180, 181):
        AssignmentFactory(institution=InstitutionFactory(), task=task, deadline=today - timedelta(days=days))
    AssignmentFactory(institution=InstitutionFactory(), task=task, state=S.RETURNED)
    user = member(authority, Role.SUPERVISOR)
    client.force_login(user)
    context = client.get("/").context
    assert sum(age.count for age, _url in context["ageing"]) == context["figures"].overdue
    for age, url in context["ageing"]:
        assert age.count == listed(client, url) > 0, age
    assert context["returned_count"].number == listed(client, context["returned_url"]) > 0
    assert context["week_lines"]
    for due, url in context["week_lines"]:
        assert due.count == listed(client, url) > 0, due
    assert {row.assignment.institution.kind for row in context["returned"]} <= set(authority.kinds)


def test_changes_are_there_until_they_are_marked_as_seen(client, industry):
    authority, _plan, institutions = industry
    SubmissionFactory(assignment=AssignmentFactory(institution=institutions[0], state=S.SUBMITTED))
    reader, other = (member(authority, Role.OBSERVER) for _ in range(2))
    client.force_login(reader)
    page = client.get("/")
    assert page.context["changes"].latest and "标为已读" in page.text
    seen = reverse("accounts:changes_seen")
    assert client.get(seen).status_code == 405
    assert client.post(seen, {"until": "yesterday"}).status_code == 400
    assert client.post(seen, {"until": page.context["now"]}).status_code == 302
    assert "没有新的报送" in client.get("/").text
    RectificationFactory(institution=institutions[0], state="unverified")
    assert len(client.get("/").context["changes"].latest) == 1
    client.force_login(other)
    assert len(client.get("/").context["changes"].latest) == 2
    client.force_login(member(institutions[0], Role.CIO))
    assert client.post(seen, {"until": page.context["now"]}).status_code == 403


def test_the_load_of_authorities_is_for_lead_supervisors_in_whose_scope_they_are(client, industry):
    office, _plan, institutions = industry
    headquarters = AuthorityFactory()
    AssignmentFactory(institution=institutions[0], state=S.SUBMITTED)
    for authority, role, shown in (
        (headquarters, Role.LEAD_SUPERVISOR, {headquarters, office}),
        (office, Role.LEAD_SUPERVISOR, {office}),
        (headquarters, Role.SUPERVISOR, None),
        (headquarters, Role.OBSERVER, None),
    ):
        client.force_login(member(authority, role))
        page = client.get("/")
        assert ("各监管单位的审核工作" in page.text) == (shown is not None)
        if shown:
            assert {line.authority for line in page.context["load"]} == shown


def test_the_scope_ends_where_it_ends(client, industry):
    authority, plan, _institutions = industry
    client.force_login(member(authority, Role.SUPERVISOR))
    context = client.get("/").context
    in_scope = Assignment.objects.filter(task__plan=plan, institution__kind__in=authority.kinds)
    assert context["figures"].total == in_scope.count() < Assignment.objects.count()
    assert {late.assignment.institution.kind for late in context["overdue"]} <= set(authority.kinds)


@pytest.mark.parametrize("role", AUTHORITY_ROLES)
def test_what_a_role_of_an_authority_is_offered(client, industry, role):
    authority, _plan, institutions = industry
    overdue = Assignment.objects.filter(institution=institutions[0]).first()
    submission = SubmissionFactory(assignment=AssignmentFactory(institution=institutions[0], state=S.SUBMITTED))
    client.force_login(member(authority, role))
    response = client.get("/")
    page = response.content.decode()
    assert ("导出监管进展报告" in page) == (role != Role.OBSERVER)
    assert ("待审核的报送" in page) == (role != Role.OBSERVER)
    assert ("开启自评周期" in page) == (role == Role.LEAD_SUPERVISOR)
    if role != Role.OBSERVER:
        rows = [item.row for item in response.context["queue"]]
        assert submission in rows
    assert overdue


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR])
def test_home_of_an_authority_costs_the_same_for_many(client, industry, role):
    authority, plan, institutions = industry
    client.force_login(member(authority, role))
    SubmissionFactory(assignment=AssignmentFactory(institution=institutions[0], state=S.SUBMITTED))
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    for _ in range(3):
        institution = InstitutionFactory()
        for task in plan.tasks.all():
            AssignmentFactory(institution=institution, task=task, deadline=timezone.localdate() - timedelta(days=9))
        AuthorityFactory(kinds=authority.kinds)
        SubmissionFactory(assignment=AssignmentFactory(institution=institution, state=S.SUBMITTED))
        AssignmentFactory(institution=institution, state=S.IN_PROGRESS, withdrawn_at=timezone.now())
    with CaptureQueriesContext(connection) as many:
        client.get("/")
    assert len(few) == len(many)


def test_homes_before_there_is_anything(client):
    for body, roles in ((AuthorityFactory(), AUTHORITY_ROLES), (InstitutionFactory(), INSTITUTION_ROLES)):
        for role in roles:
            client.force_login(member(body, role))
            assert "还没有计划" in client.get("/").content.decode()
    PlanFactory()
    client.force_login(member(AuthorityFactory(), Role.LEAD_SUPERVISOR))
    assert "监管范围内还没有任务" in client.get("/").content.decode()
    client.force_login(member(InstitutionFactory(), Role.CONTRIBUTOR))
    assert "本机构还没有分配任务" in client.get("/").content.decode()


def test_without_a_body_the_page_says_whom_to_ask(client):
    user = UserFactory()
    client.force_login(user)
    page = client.get("/").content.decode()
    assert "联络人" in page
    assert user.email in page


@pytest.fixture
def own():
    """An institution with one task in each state, all in one plan."""
    plan, institution = PlanFactory(), InstitutionFactory()
    rows = {}
    for days, state in enumerate(S, start=1):
        task = TaskFactory(plan=plan, theme__plan=plan)
        deadline = timezone.localdate() + timedelta(days=days)
        rows[state] = AssignmentFactory(task=task, institution=institution, state=state, deadline=deadline)
    AssignmentFactory(task=rows[S.SUBMITTED].task)
    return plan, institution, rows


def test_contributors_see_what_to_do_next(client, own):
    _plan, institution, rows = own
    for role in (Role.CONTRIBUTOR, Role.LIAISON):
        client.force_login(member(institution, role))
        context = client.get("/").context
        assert list(context["to_do"]) == [rows[S.RETURNED], rows[S.NOT_STARTED], rows[S.IN_PROGRESS]]
        assert context["editable"] == 3
        assert context["figures"].total == len(S)
        assert "to_sign" not in context


def test_what_the_liaison_gave_to_a_contributor_comes_first(client, own):
    plan, institution, rows = own
    user, colleague = (member(institution, Role.CONTRIBUTOR) for _ in range(2))
    cycle = CycleFactory(plan=plan)
    for person, state in ((user, S.IN_PROGRESS), (colleague, S.NOT_STARTED)):
        Delegation.objects.create(
            cycle=cycle, institution=institution, task=rows[state].task, contributor=person, delegated_by=user
        )
    client.force_login(user)
    page = client.get("/")
    assert page.context["to_do"] == [rows[S.IN_PROGRESS], rows[S.RETURNED], rows[S.NOT_STARTED]]
    assert page.text.count("联络人分派给您") == 1 and "分派给您的在前" in page.text


def test_the_cio_sees_what_awaits_a_signature_first(client, own):
    plan, institution, rows = own
    cycle = CycleFactory(plan=plan)
    waiting = SelfAssessmentFactory(cycle=cycle, institution=institution, state=SelfAssessmentState.AWAITING_SIGNATURE)
    SelfAssessmentFactory(cycle=cycle, state=SelfAssessmentState.AWAITING_SIGNATURE)
    client.force_login(member(institution, Role.CIO))
    response = client.get("/")
    page = response.content.decode()
    assert response.context["to_sign"] == [rows[S.AWAITING_SIGNATURE]]
    assert response.context["self_assessments_to_sign"] == [waiting]
    for url in (
        reverse("tasks:sign", args=[rows[S.AWAITING_SIGNATURE].pk]),
        reverse("assessments:sign", args=[waiting.pk]),
    ):
        assert url in page
    assert page.index("待您签署") < page.index("落实进度") < page.index("任务总数")
    assert "其他机构不足 5 家，不显示" in page
    assert "导出任务落实情况报告" in page


def test_self_assessments_on_the_first_page_are_the_open_ones(client, own):
    plan, institution, _rows = own
    today = timezone.localdate()
    returned = SelfAssessmentFactory(
        cycle=CycleFactory(plan=plan), institution=institution, state=SelfAssessmentState.RETURNED
    )
    draft = SelfAssessmentFactory(cycle=returned.cycle, institution=institution, version=2)
    not_yet = CycleFactory(plan=plan, opens_on=today + timedelta(days=1), due_on=today + timedelta(days=9))
    SelfAssessmentFactory(cycle=not_yet, institution=institution)
    over = CycleFactory(plan=plan)
    SelfAssessmentFactory(cycle=over, institution=institution, state=SelfAssessmentState.ACCEPTED)
    client.force_login(member(institution, Role.CONTRIBUTOR))
    assert client.get("/").context["self_assessments"] == [draft]


def test_home_of_an_institution_costs_the_same_for_many(client, own):
    plan, institution, _rows = own
    for role in (Role.CIO, Role.CONTRIBUTOR):
        client.force_login(member(institution, role))
        client.get("/")
        with CaptureQueriesContext(connection) as few:
            client.get("/")
        for state in S:
            AssignmentFactory(task=TaskFactory(plan=plan, theme__plan=plan), institution=institution, state=state)
        with CaptureQueriesContext(connection) as many:
            client.get("/")
        assert len(few) == len(many)


def test_names_are_shown_as_text(client):
    name = "<script>alert(1)</script>" + "很长的名称" * 30
    authority = AuthorityFactory()
    institution = InstitutionFactory(name=name)
    AssignmentFactory(institution=institution, deadline=timezone.localdate() - timedelta(days=2))
    for user in (member(authority, Role.SUPERVISOR), member(institution, Role.CIO)):
        client.force_login(user)
        page = client.get("/").content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_a_person_who_left_a_body_sees_its_figures_no_more(client, own):
    _plan, institution, _rows = own
    user = member(institution, Role.CIO)
    user.memberships.update(is_active=False)
    client.force_login(user)
    assert "figures" not in client.get("/").context
