"""The calendar: what stands on which day for whom, what it counts, and what a page of it costs."""

import datetime
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.filters import RectificationFilterForm
from assessments.models import Answer, Rectification
from assessments.reminders import MEASURES
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.middleware import SESSION_KEY
from portal.accounts.models import Institution
from portal.notices.reminders.planning import planning_of
from reports.calendar.days import Month, days_of, entries_for, weeks_of
from reports.calendar.entries import Reader, Wanted
from reports.calendar.enums import EntryKind
from tasks.enums import AssignmentState as S
from tasks.filters import ScopeAssignmentFilter
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 27)
DAY = datetime.timedelta(days=1)
MONTH, LIST = reverse("calendar:month"), reverse("calendar:list")
K = EntryKind


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(datetime.datetime(2026, 11, 27, 10, tzinfo=datetime.UTC), tick=False):
        yield


def seen(user, first=TODAY - 40 * DAY, last=TODAY + 40 * DAY, **wanted):
    return entries_for(Reader(user, membership_of(user)), Wanted(first, last, TODAY, **wanted))


def of_kind(kind, user, **wanted):
    return [entry for entry in seen(user, **wanted) if entry.kind == kind]


# --- What an institution sees -----------------------------------------------------------------------------


def test_each_matter_of_an_institution_is_an_entry():
    institution = InstitutionFactory()
    late = AssignmentFactory(institution=institution, deadline=TODAY - DAY, state=S.RETURNED)
    done = AssignmentFactory(institution=institution, deadline=TODAY, state=S.ACCEPTED, deadline_is_official=True)
    found = of_kind(K.ASSIGNMENT, member(institution, Role.CIO))
    assert [(e.day, e.url, e.state, e.is_open, e.is_overdue, e.is_official) for e in found] == [
        (TODAY - DAY, late.get_absolute_url(), S.RETURNED, True, True, False),
        (TODAY, done.get_absolute_url(), S.ACCEPTED, False, False, True),
    ]
    assert found[0].title == f"{late.task.number} {late.task.title}"


def test_a_cycle_opens_and_is_due_with_the_version_that_counts():
    institution, cycle = InstitutionFactory(), CycleFactory(opens_on=TODAY - DAY, due_on=TODAY + DAY)
    first = SelfAssessmentFactory(cycle=cycle, institution=institution, state=SelfAssessmentState.RETURNED)
    second = SelfAssessmentFactory(cycle=cycle, institution=institution, version=2)
    opens, due = of_kind(K.SELF_ASSESSMENT, member(institution, Role.LIAISON))
    assert (opens.day, due.day) == (TODAY - DAY, TODAY + DAY)
    assert {opens.url, due.url} == {second.get_absolute_url()} != {first.get_absolute_url()}
    assert not opens.is_overdue


def test_a_rectification_that_waits_for_verification_is_open_and_not_overdue():
    institution = InstitutionFactory()
    for state in RectificationState:
        RectificationFactory(institution=institution, deadline=TODAY - DAY, state=state)
    found = of_kind(K.RECTIFICATION, member(institution, Role.CIO))
    assert {(e.state, e.is_open, e.is_overdue) for e in found} == {
        (RectificationState.OPEN, True, True),
        (RectificationState.UNVERIFIED, True, False),
        (RectificationState.CLOSED, False, False),
    }


def test_a_plan_is_issued_begins_and_ends():
    plan = PlanFactory(issued_on=TODAY - 2 * DAY, starts_on=TODAY, ends_on=TODAY + DAY, title="示例")
    found = of_kind(K.MILESTONE, member(InstitutionFactory(), Role.CIO))
    assert [(e.day, e.title, e.is_open) for e in found] == [
        (TODAY - 2 * DAY, "《示例》发布", False),
        (TODAY, "《示例》开始", True),
        (TODAY + DAY, "《示例》结束", True),
    ]
    assert {e.url for e in found} == {plan.get_absolute_url()}


class Rounds:
    """An institution's self-assessments in the cycles of one plan, each with a measure for one requirement."""

    def __init__(self) -> None:
        self.institution = InstitutionFactory()
        self.requirement = RequirementFactory()

    def signed(self, state, *, year=2026, version=1, due=TODAY + DAY, institution=None, measure="补齐记录。"):
        plan = self.requirement.task.plan
        starts = datetime.date(year, 1, 1)
        cycle = plan.cycles.filter(period_starts_on=starts).first() or CycleFactory(plan=plan, period_starts_on=starts)
        row = SelfAssessmentFactory(
            cycle=cycle, institution=institution or self.institution, version=version, state=state
        )
        return AnswerFactory(
            self_assessment=row, requirement=self.requirement, measure=measure, measure_due_on=due, in_place=False
        )


def test_the_measures_are_those_of_which_reminders_speak():
    """Drafts, returns, withdrawals and what a later signature replaced do not count, nor what was stated too late."""
    rounds = Rounds()
    state = SelfAssessmentState
    rounds.signed(state.ACCEPTED, year=2025)
    rounds.signed(state.RETURNED, version=1)
    holds = rounds.signed(state.SUBMITTED, version=2)
    rounds.signed(state.DRAFT, year=2027)
    other = rounds.signed(state.ACCEPTED, institution=InstitutionFactory())
    rounds.signed(state.ACCEPTED, institution=InstitutionFactory(), due=TODAY - DAY)
    rounds.signed(state.WITHDRAWN, institution=InstitutionFactory())
    rounds.signed(state.ACCEPTED, institution=InstitutionFactory(), measure="")
    statement = MEASURES.select()
    _plan, values = planning_of(MEASURES, TODAY)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id::bigint FROM ({statement}) row", values | {"latest": TODAY + 400 * DAY})
        reminded = {pk for (pk,) in cursor.fetchall()}
    assert reminded == {holds.pk, other.pk}
    assert set(Answer.objects.planned_measures().values_list("pk", flat=True)) == reminded
    (entry,) = of_kind(K.MEASURE, member(rounds.institution, Role.CONTRIBUTOR))
    assert entry.url == holds.self_assessment.get_absolute_url()
    assert entry.title == f"{rounds.requirement.reference} {rounds.requirement.text}"
    assert "补齐" not in entry.title


# --- Whose they are ---------------------------------------------------------------------------------------


def everything(institution):
    """One of each kind on today's day, for an institution."""
    AssignmentFactory(institution=institution, deadline=TODAY)
    RectificationFactory(institution=institution, deadline=TODAY)
    task = TaskFactory()
    requirement = RequirementFactory(task=task)
    row = SelfAssessmentFactory(
        cycle=CycleFactory(plan=task.plan, due_on=TODAY),
        institution=institution,
        state=SelfAssessmentState.SUBMITTED,
    )
    AnswerFactory(self_assessment=row, requirement=requirement, measure="补齐。", measure_due_on=TODAY)


@pytest.mark.parametrize("role", Role)
def test_nobody_sees_what_is_another_bodys(role):
    everything(InstitutionFactory(kind=InstitutionKind.FUND))
    inside = role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)
    body = InstitutionFactory() if inside else AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    assert {entry.kind for entry in seen(member(body, role))} <= {K.MILESTONE}


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_what_is_their_bodys(role):
    institution = InstitutionFactory()
    everything(institution)
    inside = role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)
    user = member(institution if inside else AuthorityFactory(), role)
    on_the_day = [entry.kind for entry in seen(user) if entry.day == TODAY]
    assert on_the_day == [K.ASSIGNMENT, K.SELF_ASSESSMENT, K.RECTIFICATION, K.MEASURE]


def test_the_body_acted_for_decides(client):
    institution, other = InstitutionFactory(), InstitutionFactory()
    AssignmentFactory(institution=institution, deadline=TODAY, task=TaskFactory(title="在此"))
    AssignmentFactory(institution=other, deadline=TODAY, task=TaskFactory(title="在彼"))
    user = member(institution, Role.CIO)
    there = user.memberships.create(institution=other, role=Role.CIO)
    user.groups.add(other.group)
    client.force_login(user)
    session = client.session
    session[SESSION_KEY] = there.pk
    session.save()
    page = client.get(MONTH).content.decode()
    assert "在彼" in page
    assert "在此" not in page


def test_who_belongs_nowhere_has_an_empty_calendar(client):
    client.force_login(UserFactory())
    assert client.get(MONTH).context["count"] == 0
    assert client.post(reverse("calendar:create_feed")).status_code == 403


# --- What supervisors see ---------------------------------------------------------------------------------


def test_a_scope_is_counted_by_task_and_day():
    task = TaskFactory()
    for state in (S.ACCEPTED, S.NOT_APPLICABLE, S.SUBMITTED, S.NOT_STARTED):
        AssignmentFactory(task=task, deadline=TODAY - DAY, state=state, deadline_is_official=True)
    AssignmentFactory(task=task, deadline=TODAY + DAY)
    early, later = of_kind(K.ASSIGNMENT, member(AuthorityFactory(), Role.OBSERVER))
    assert (early.tally.institutions, early.tally.open, early.tally.overdue) == (4, 2, 2)
    assert (later.tally.institutions, later.tally.open, later.tally.overdue) == (1, 1, 0)
    assert (early.is_official, later.is_official) == (True, False)


def test_every_group_counts_the_list_behind_it(client):
    """With a second plan, the numbers of tasks alone would say too little."""
    for _ in range(2):
        task = TaskFactory(number=1)
        for days, state in ((-1, S.ACCEPTED), (-1, S.NOT_STARTED), (0, S.NOT_STARTED)):
            AssignmentFactory(task=task, deadline=TODAY + days * DAY, state=state)
    for state in RectificationState:
        RectificationFactory(deadline=TODAY - DAY, state=state)
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    client.force_login(user)
    membership = membership_of(user)

    def listed(url):
        request = client.get(url).wsgi_request
        if urlsplit(url).path == reverse("tasks:list"):
            rows = Assignment.objects.visible_to(user, acting=membership)
            return ScopeAssignmentFilter(request.GET, queryset=rows, request=request).qs.count()
        form = RectificationFilterForm(request.GET, scope=Institution.objects.all())
        return form.filtered(Rectification.objects.visible_to(user, membership), user, membership.authority).count()

    found = [entry for entry in seen(user) if entry.kind in (K.ASSIGNMENT, K.RECTIFICATION)]
    assert len(found) == 5
    for entry in found:
        assert entry.tally.institutions == listed(entry.url), entry.url
        assert entry.tally.overdue == listed(entry.overdue_url), entry.overdue_url


def test_a_cycle_is_counted_by_institution_with_its_drafts():
    cycle = CycleFactory(opens_on=TODAY - 20 * DAY, due_on=TODAY - DAY)
    returned = SelfAssessmentFactory(cycle=cycle, state=SelfAssessmentState.RETURNED)
    SelfAssessmentFactory(cycle=cycle, institution=returned.institution, version=2)
    SelfAssessmentFactory(cycle=cycle, state=SelfAssessmentState.ACCEPTED)
    SelfAssessmentFactory(cycle=cycle)
    opens, due = of_kind(K.SELF_ASSESSMENT, member(AuthorityFactory(), Role.SUPERVISOR))
    assert (opens.tally.institutions, opens.tally.open, opens.tally.overdue) == (3, 2, 0)
    assert (due.tally.institutions, due.tally.open, due.tally.overdue) == (3, 2, 2)
    assert due.url == f"{reverse('assessments:list')}?cycle={cycle.pk}"


def test_what_a_scope_leaves_out_is_not_counted():
    task = TaskFactory()
    AssignmentFactory(task=task, deadline=TODAY, institution=InstitutionFactory(kind=InstitutionKind.FUND))
    AssignmentFactory(task=task, deadline=TODAY)
    user = member(AuthorityFactory(kinds=[InstitutionKind.FUND]), Role.SUPERVISOR)
    assert [entry.tally.institutions for entry in of_kind(K.ASSIGNMENT, user)] == [1]


# --- Filters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("supervises", [False, True])
def test_by_kind_by_plan_and_what_is_open(supervises):
    institution = InstitutionFactory()
    everything(institution)
    here = AssignmentFactory(institution=institution, deadline=TODAY - DAY)
    RectificationFactory(institution=institution, deadline=TODAY - DAY, requirement=RequirementFactory(task=here.task))
    AssignmentFactory(institution=institution, deadline=TODAY - DAY, task__theme=here.task.theme, state=S.ACCEPTED)
    user = member(AuthorityFactory(), Role.OBSERVER) if supervises else member(institution, Role.CIO)
    plan = here.task.plan
    assert {e.kind for e in seen(user, kinds=[K.RECTIFICATION])} == {K.RECTIFICATION}
    of_plan = [e for e in seen(user, plan=plan) if e.kind != K.MILESTONE]
    assert [e.kind for e in of_plan] == [K.ASSIGNMENT, K.ASSIGNMENT, K.RECTIFICATION]
    assert [e.kind for e in of_plan if e.is_open] == [K.ASSIGNMENT, K.RECTIFICATION]
    assert seen(user, plan=plan, only_open=True) == [e for e in seen(user, plan=plan) if e.is_open]


def test_the_pages_links_keep_what_was_chosen(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    for page in (MONTH, LIST):
        urls = client.get(page, {"month": "2026-12", "kind": "rectification", "open": "1"}).context["urls"]
        assert urls["after"] == f"{page}?kind=rectification&open=1&month=2027-01"
        assert urls["before"] == f"{page}?kind=rectification&open=1&month=2026-11"
        assert urls["list"] == f"{LIST}?kind=rectification&open=1&month=2026-12"


@pytest.mark.parametrize(
    "month",
    [
        "9999-12",
        "0001-01",
        "2026-13",
        "2026-00",
        "2026-1",
        "x",
        "2026-11-27",
        "２０２６-11",
        "-" * 400,
        "20261-1",
        "\x00",
    ],
)
def test_a_month_that_makes_no_sense_gives_the_current_one_and_says_so(client, month):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    for page in (MONTH, LIST):
        response = client.get(page, {"month": month, "kind": "rectification"})
        assert response.status_code == 200
        assert response.context["month"] == Month(2026, 11)
        assert response.context["is_filtered"]
        assert "有的条件无法识别，已略过" in response.content.decode()


@pytest.mark.parametrize("query", [{"kind": "nonsense"}, {"open": "maybe"}])
def test_a_filter_that_makes_no_sense_leaves_the_month_in_force(client, query):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    response = client.get(MONTH, {"month": "2027-02", **query})
    assert response.context["month"] == Month(2027, 2)
    assert "有的条件无法识别，已略过" in response.content.decode()


@pytest.mark.parametrize(("month", "end"), [("2000-01", "before"), ("2099-12", "after")])
def test_the_first_and_the_last_month_lead_no_further(client, month, end):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert client.get(MONTH, {"month": month}).context["urls"][end] == ""


# --- Months and days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "days", "weeks"), [("2026-11", 30, 6), ("2027-02", 28, 4), ("2028-02", 29, 5)])
def test_a_month_in_weeks_from_monday_to_sunday(text, days, weeks):
    month = Month.parse(text)
    laid_out = weeks_of(days_of(month, [], TODAY))
    assert len(laid_out) == weeks
    assert [len(week) for week in laid_out] == [7] * weeks
    dates = [day.date for week in laid_out for day in week if day]
    assert dates == [month.first + n * DAY for n in range(days)]
    assert all(day is None or day.date.weekday() == place for week in laid_out for place, day in enumerate(week))


def test_the_29th_of_february_has_its_entry():
    leap = datetime.date(2028, 2, 29)
    institution = InstitutionFactory()
    AssignmentFactory(institution=institution, deadline=leap)
    user = member(institution, Role.CIO)
    month = Month.parse("2028-02")
    entries = entries_for(Reader(user, membership_of(user)), Wanted(month.first, month.last, TODAY))
    assert [day.date for day in days_of(month, entries, TODAY) if day.entries] == [leap]


def test_a_full_day_shows_some_and_leads_to_the_rest(client):
    institution = InstitutionFactory()
    AssignmentFactory.create_batch(6, institution=institution, deadline=TODAY)
    client.force_login(member(institution, Role.CIO))
    page = client.get(MONTH)
    day = next(day for day in page.context["days"] if day.is_today)
    assert (len(day.shown), day.more) == (3, 3)
    assert f"{LIST}?month=2026-11#2026-11-27" in page.content.decode()
    assert client.get(LIST).content.decode().count('class="due-title"') == 6


def test_holidays_make_up_days_and_years_not_yet_known_are_marked(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    october = client.get(MONTH, {"month": "2026-10"}).content.decode()
    assert october.count("国庆节") == 8
    assert "国庆节调休" in october
    assert "尚未收录" not in october
    assert "2027 年的法定节假日安排尚未收录" in client.get(MONTH, {"month": "2027-10"}).content.decode()


# --- What a page costs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [MONTH, LIST])
@pytest.mark.parametrize("role", [Role.CIO, Role.SUPERVISOR])
def test_three_of_each_cost_what_one_does(client, address, role):
    institution = InstitutionFactory()
    everything(institution)
    inside = role == Role.CIO
    user = member(institution if inside else AuthorityFactory(), role)
    client.force_login(user)
    PlanFactory(starts_on=TODAY)
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        assert client.get(address).context["count"] == 6
    for body in (institution, institution if inside else InstitutionFactory()):
        everything(body)
        PlanFactory(starts_on=TODAY)
    with CaptureQueriesContext(connection) as three:
        assert client.get(address).context["count"] >= 14
    assert len(three) == len(one)


def test_the_pages_have_a_way_to_the_calendar(client):
    institution = InstitutionFactory()
    AssignmentFactory(institution=institution, deadline=timezone.localdate())
    for user in (
        member(institution, Role.CIO),
        member(institution, Role.CONTRIBUTOR),
        member(AuthorityFactory(), Role.OBSERVER),
    ):
        client.force_login(user)
        links = client.get("/").content.decode().count(f'href="{MONTH}"')
        assert links >= 2  # at the top of every page, and on home itself
