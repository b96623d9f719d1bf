"""The dashboard: who sees what of it, what its filters do, what its pictures weigh, and what a page costs."""

import datetime
import re
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from plan.enums import RequirementKind
from portal.accounts.enums import AuthorityKind, InstitutionKind, Role
from portal.accounts.models import Region
from portal.states import TONES
from reports.dashboard.charts.burn_up import _nice
from reports.dashboard.charts.marks import MARKS
from reports.dashboard.charts.tiles import PLACES
from reports.dashboard.comparing import Change, ShareChange
from reports.progress import Condition
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, every_region, member
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory
from tests.factories.reports import small_industry
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
TABS = ["overview", "progress", "heat", "institutions", "regions", "maturity"]
OWN_TABS = {"overview", "progress"}


def opened(client, user, tab="overview", **query):
    client.force_login(user)
    return client.get(reverse(f"dashboard:{tab}"), query)


def pictures(answer) -> list[str]:
    return re.findall(r'<svg class="chart.*?</svg>', answer.content.decode(), re.S)


@pytest.fixture
def industry():
    authority = AuthorityFactory()
    plan, institutions = small_industry(seed=5)
    cycle = CycleFactory(plan=plan)
    requirement = RequirementFactory(task=plan.tasks.first(), kind=RequirementKind.MATURITY)
    row = SelfAssessmentFactory(institution=institutions[0], cycle=cycle, state="submitted")
    AnswerFactory(self_assessment=row, requirement=requirement, level=3)
    return authority, plan, institutions


# --- Who ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_whoever_supervises_sees_every_tab(client, industry, role):
    user = member(industry[0], role)
    for tab in TABS:
        answer = opened(client, user, tab)
        assert answer.status_code == 200
        assert pictures(answer), tab
        assert 'aria-current="page"' in answer.content.decode()


@pytest.mark.parametrize("role", [Role.CIO, Role.LIAISON, Role.CONTRIBUTOR])
def test_an_institution_sees_its_own_progress(client, industry, role):
    _authority, plan, institutions = industry
    user = member(institutions[1], role)
    for tab in TABS:
        expected = 200 if role != Role.CONTRIBUTOR and tab in OWN_TABS else 403
        answer = opened(client, user, tab, kind="securities", region="beijing", authority="1")
        assert answer.status_code == expected, tab
    if role != Role.CONTRIBUTOR:
        own = Assignment.objects.filter(task__plan=plan, institution=institutions[1])
        assert opened(client, user).context["figures"].total == own.count()
        assert {tab[1].split("/")[2] for tab in opened(client, user).context["tabs"]} == {"", "progress"}


@pytest.mark.parametrize("tab", TABS)
def test_nothing_of_another_scope_is_there(client, industry, tab):
    """Nor does a filter lead there: a region, an authority or a kind outside narrows to nothing."""
    _authority, _plan, institutions = industry
    for institution in institutions:
        type(institution).objects.filter(pk=institution.pk).update(name=f"外部{institution.pk}")
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND], kind=AuthorityKind.REGIONAL_OFFICE)
    user = member(elsewhere, Role.LEAD_SUPERVISOR)
    for query in ({}, {"region": "beijing"}, {"authority": elsewhere.pk}, {"kind": "securities"}):
        answer = opened(client, user, tab, **query)
        assert "外部" not in answer.content.decode()
        assert not pictures(answer)


def test_the_heat_map_leads_whoever_exports_to_the_report_on_a_task(client, industry):
    authority, plan, _institutions = industry

    def links(role):
        page = opened(client, member(authority, role), "heat")
        return re.findall(r'href="([^"]*kind=task&amp;[^"]*)"', page.content.decode())

    assert not links(Role.OBSERVER)
    form = client.get(links(Role.SUPERVISOR)[0].replace("&amp;", "&")).context["form"]
    filled = {name: form[name].value() for name in ("kind", "plan", "task")}
    assert filled == {"kind": "task", "plan": plan.slug, "task": str(plan.tasks.first().number)}


def test_headquarters_looks_through_the_eyes_of_an_office(client, industry):
    authority, plan, institutions = industry
    office = AuthorityFactory(regions=[institutions[0].region], kind=AuthorityKind.REGIONAL_OFFICE)
    answer = opened(client, member(authority, Role.OBSERVER), authority=office.pk)
    theirs = Assignment.objects.filter(task__plan=plan, institution__region=institutions[0].region)
    assert answer.context["figures"].total == theirs.count()
    assert f"authority={office.pk}" in answer.context["tiles"][0].url
    assert "authority" not in opened(client, member(office, Role.OBSERVER)).context["form"].fields


# --- Filters --------------------------------------------------------------------------------------------------


def test_filters_narrow_the_figures_and_go_into_the_links(client, industry):
    authority, plan, _institutions = industry
    query = {"theme": "2", "kind": ["securities", "futures"], "region": ["beijing"]}
    answer = opened(client, member(authority, Role.SUPERVISOR), **query)
    rows = Assignment.objects.filter(
        task__plan=plan, task__theme__number=2, institution__kind__in=query["kind"], institution__region__code="beijing"
    )
    assert answer.context["figures"].total == rows.count() > 0
    url = answer.context["tiles"][2].url
    assert url.endswith("&theme=2&kind=securities&kind=futures&region=beijing&overdue=1")
    for label, address, _active in answer.context["tabs"]:
        assert "theme=2" in address, label


def test_an_earlier_day_is_told_from_facts_and_compared(client):
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    plan = PlanFactory()
    today = timezone.localdate()
    at = timezone.now() - 40 * DAY
    row = AssignmentFactory(task=TaskFactory(theme__plan=plan), deadline=today - 20 * DAY, created_at=at, changed_at=at)
    at += 10 * DAY
    state = {"state": S.ACCEPTED, "submitted_at": at, "accepted_at": at}
    Assignment.objects.filter(pk=row.pk).update(changed_at=at, **state)
    before, after = today - 35 * DAY, today - 25 * DAY
    answer = opened(client, user, at=after, against=before)
    share = answer.context["tiles"][0]
    assert (share.value, share.change.before, share.change.said) == ("100.0%", "0.0%", "▲ 上升 100.0 个百分点，好转")
    assert opened(client, user, at=before, against=before - DAY).context["tiles"][0].value == "0.0%"
    assert not opened(client, user, at=today - 50 * DAY).context["figures"].total
    squares = opened(client, user, "heat", at=after, against=before).context["lines"][0][1]
    assert (squares[0].condition, squares[0].was) == (Condition.DONE, Condition.AT_RISK)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"at": "2001-01-01"}, "此前没有记录"),
        ({"at": "2999-01-01"}, "截至日期不能晚于今天"),
        ({"at": "昨天"}, "请按“2026-06-30”的格式填写日期"),
        ({"against": "2001-01-01"}, "此前没有记录"),
        ({"at": "2026-06-30", "against": "2026-06-30"}, "对比日期应早于截至日期"),
        ({"theme": "99", "kind": "x", "region": "nowhere", "authority": "1 OR 1", "page": "-1"}, "有的条件无法采用"),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_stays(client, industry, query, said):
    user = member(industry[0], Role.SUPERVISOR)
    for tab in ("overview", "institutions", "maturity"):
        answer = opened(client, user, tab, **query)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert said in text
        for name in {"at", "against"} & query.keys():
            assert f'value="{query[name]}"' in text


@pytest.mark.parametrize("tab", TABS)
def test_without_a_plan_and_without_work_it_says_what_to_do(client, tab):
    user = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    assert "还没有计划" in opened(client, user, tab).content.decode()
    PlanFactory()
    text = opened(client, user, tab).content.decode()
    assert "empty-state" in text
    assert "chart-frame" not in text


def test_a_year_that_the_plan_did_not_see_is_not_compared(client, industry):
    """The half-year before the plan began."""
    authority, plan, _institutions = industry
    answer = opened(client, member(authority, Role.SUPERVISOR), at=plan.starts_on + 20 * DAY)
    assert answer.context["asked"].before is None
    assert "不对比" in answer.content.decode()


# --- Pictures -------------------------------------------------------------------------------------------------


def crowded():
    """A plan of 25 tasks and as many institutions as a page holds, all with names as long as they may be."""
    plan = PlanFactory(title="很长的计划名称" * 20)
    themes = [ThemeFactory(plan=plan, number=n, title="很长的主题名称" * 25) for n in range(1, 6)]
    tasks = [TaskFactory(theme=themes[n % 5], number=n + 1, title="很长的任务名称" * 25) for n in range(25)]
    every_region()
    regions, kinds = list(Region.objects.all()), list(InstitutionKind)
    bodies = [
        InstitutionFactory(name="很长的机构名称" * 25 + str(n), kind=kinds[n % 5], region=regions[n]) for n in range(20)
    ]
    today = timezone.localdate()
    for body in bodies:
        for n, task in enumerate(tasks):
            AssignmentFactory(task=task, institution=body, deadline=today + (n * 40 - 400) * DAY)
    cycle = CycleFactory(plan=plan)
    row = SelfAssessmentFactory(institution=bodies[0], cycle=cycle, state="submitted")
    for n, task in enumerate(tasks):
        requirement = RequirementFactory(task=task, kind=RequirementKind.MATURITY)
        AnswerFactory(self_assessment=row, requirement=requirement, level=n % 6)


def test_every_picture_is_light_well_formed_and_tells_itself(client):
    """With long names, a comparison in every cell, and filters in every link: under 60 kB each."""
    user = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    crowded()
    for tab in TABS:
        answer = opened(client, user, tab, kind=["core", "securities", "futures", "fund", "association"])
        assert answer.status_code == 200
        drawn = pictures(answer)
        assert drawn
        if tab == "institutions":
            drawn += pictures(opened(client, user, tab, at=timezone.localdate() - DAY))
        for svg in drawn:
            assert len(svg.encode()) < 60_000, f"{tab}: {len(svg.encode())}"
            assert "style=" not in svg
            root = ElementTree.fromstring(svg)
            assert root.get("role") == "group"
            ids = {element.get("id") for element in root.iter()}
            assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= ids
            assert all(element.text.strip() for element in root[:2])
            assert list(root.iter("a"))
            for link in root.iter("a"):
                assert "".join(link.itertext()).strip()
        assert "查看数据表" in answer.content.decode()
        assert "口径" in answer.content.decode()


def test_each_region_has_a_tile_of_its_own():
    every_region()
    assert {region.code for region in Region.objects.all()} == set(PLACES)
    assert len(set(PLACES.values())) == len(PLACES) == 36


def test_a_region_without_a_place_is_drawn_below(client):
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    region = RegionFactory(code="elsewhere", name="别处", name_en="Elsewhere")
    AssignmentFactory(institution=InstitutionFactory(region=region))
    chart = opened(client, user, "regions").context["chart"]
    tile = next(tile for tile in chart.tiles if tile.name == "别处")
    assert tile.y > max(other.y for other in chart.tiles if other is not tile)
    assert tile.y < chart.foot


def test_conditions_have_shapes_of_their_own_and_the_colours_of_the_style_sheet():
    from pathlib import Path

    from django.contrib.staticfiles import finders

    css = Path(finders.find("css/dashboard.css")).read_text()
    assert len({mark.shape for mark in MARKS.values()}) == len(Condition) == len(MARKS)
    assert MARKS[Condition.OVERDUE].ink == TONES["overdue"].ink
    for mark in MARKS.values():
        assert f".mark-{mark.name} " in css
        assert f".wash-{mark.name} " in css


@pytest.mark.parametrize(("number", "top"), [(0, 4), (1, 4), (5, 8), (527, 800), (50_000, 80_000), (400, 400)])
def test_the_axis_ends_on_a_round_number(number, top):
    assert _nice(number) == top


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(5, 3, -1), "▲ 增加 2，变差"),
        (Change(1, 3, -1), "▼ 减少 2，好转"),
        (Change(1234, 0, 0), "▲ 增加 1,234"),
        (Change(3, 3, 1), "＝ 持平"),
        (ShareChange(None, None, 1), "＝ 持平"),
    ],
)
def test_a_difference_is_told_in_words(change, said):
    assert change.said == said


# --- Cost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_the_queries_do_not_grow(client, industry, tab):
    authority, plan, _institutions = industry
    user = member(authority, Role.LEAD_SUPERVISOR)
    query = {"at": timezone.localdate() - DAY, "against": timezone.localdate() - 30 * DAY, "theme": "1"}

    def add(number):
        task = TaskFactory(theme=plan.themes.get(number=1), number=50 + number)
        body = InstitutionFactory(kind=list(InstitutionKind)[number], region=RegionFactory(code=f"r{number}"))
        at, deadline = timezone.now() - 50 * DAY, timezone.localdate() - 40 * DAY
        AssignmentFactory(task=task, institution=body, deadline=deadline, created_at=at, changed_at=at)

    def cost():
        opened(client, user, tab, **query)
        with CaptureQueriesContext(connection) as queries:
            assert opened(client, user, tab, **query).status_code == 200
        return len(queries)

    add(0)
    before = cost()
    for number in (1, 2, 3):
        add(number)
    assert cost() == before


def test_it_speaks_english_too(client, industry):
    user = member(industry[0], Role.SUPERVISOR, language="en")
    with translation.override("en"):
        for tab in TABS:
            assert opened(client, user, tab).status_code == 200
