"""Comparison: what an institution learns of others is their quartiles, and only where they are enough."""

import re
import statistics
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assessments.enums import SelfAssessmentState
from assessments.models import Score, SelfAssessment
from assessments.scores import rounded
from portal.accounts.enums import InstitutionKind, Role
from reports import comparison
from reports.comparison import MIN_OTHERS, Quartiles, distribution, standings
from reports.score_charts import band_chart, point_chart
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory, scored
from tests.factories.plan import PlanFactory, ThemeFactory

pytestmark = pytest.mark.django_db
S, K = SelfAssessmentState, InstitutionKind
URL = reverse("scores:comparison")
OTHERS = ["1.0", "2.0", "3.0", "4.0", "4.5"]


@pytest.fixture
def theme():
    return ThemeFactory(plan=PlanFactory(), number=1, title="治理")


@pytest.fixture
def cycle(theme):
    return CycleFactory(plan=theme.plan)


@pytest.fixture
def own():
    return InstitutionFactory(kind=K.FUND)


def others(cycle, values, theme=None, kind=K.FUND, **fields) -> list[SelfAssessment]:
    return [
        scored(InstitutionFactory(kind=kind), cycle, value, {theme: value} if theme else None, **fields)
        for value in values
    ]


def page(client, institution, role=Role.CIO, **query):
    client.force_login(member(institution, role))
    return client.get(URL, query)


# --- Privacy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "is_shown"), [(4, False), (5, True)])
def test_a_group_of_five_others_is_shown_and_one_of_four_is_not(client, cycle, own, theme, count, is_shown):
    scored(own, cycle, "3.3", {theme: "3.3"})
    others(cycle, OTHERS[:count], theme)
    answer = page(client, own)
    assert {line.others is not None for line in answer.context["compared"]} == {is_shown}
    text = answer.content.decode()
    assert ("不足 5 家，为避免推知个别机构的得分" in text) != is_shown
    assert ("中位数 3.0" in text) == is_shown


def test_ones_own_score_does_not_fill_the_group(client, cycle, own):
    scored(own, cycle, "3.3")
    others(cycle, OTHERS[:4])
    assert distribution(own, cycle) == {}


def test_only_accepted_versions_of_the_kind_in_the_cycle_count(cycle, own):
    others(cycle, OTHERS)
    before = distribution(own, cycle)
    others(cycle, OTHERS, kind=K.SECURITIES)
    others(CycleFactory(plan=cycle.plan), OTHERS)
    for state in (S.SUBMITTED, S.RETURNED, S.WITHDRAWN):
        others(cycle, ["0.1"], state=state)
    assert distribution(own, cycle) == before == {None: Quartiles(5, Decimal("2.0"), Decimal("3.0"), Decimal("4.0"))}


def test_a_theme_that_too_few_are_rated_in_is_not_shown(cycle, own, theme):
    others(cycle, OTHERS[:4], theme)
    others(cycle, OTHERS[4:])
    assert set(distribution(own, cycle)) == {None}


def test_the_page_holds_nothing_of_others_but_quartiles(client, cycle, own, theme):
    """Names, highest and lowest stay out: whoever moves outside the quartiles changes not one character."""
    scored(own, cycle, "3.3", {theme: "3.3"})
    rows = others(cycle, ["1.0", "2.0", "3.0", "4.0", "4.5"], theme)

    client.force_login(member(own, Role.CIO))

    def shown() -> str:
        return re.sub(r"csrf\S+ value=\S+|nonce=\S+|hx-headers=\S+ \S+", "", client.get(URL).content.decode())

    before = shown()
    assert "中位数 3.0" in before
    assert not any(row.institution.name in before or row.institution.credit_code in before for row in rows)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE assessments_score DISABLE TRIGGER append_only")
    Score.objects.filter(self_assessment=rows[0]).update(value="0.2")
    Score.objects.filter(self_assessment=rows[4]).update(value="4.9")
    assert shown() == before


def test_drawings_tell_no_more_than_the_words(cycle, own):
    """A chart is drawn from what is printed, so that nobody measures a third decimal in it."""
    others(cycle, ["1.0", "2.01", "3.02", "4.03", "4.5"])
    (found,) = distribution(own, cycle).values()
    assert (found.low, found.median, found.high) == (Decimal("2.0"), Decimal("3.0"), Decimal("4.0"))


@given(st.lists(st.integers(0, 50000), min_size=5, max_size=30))
def test_quartiles_are_those_of_a_second_reckoning(values):
    exact = statistics.quantiles([Decimal(value) / 10000 for value in values], n=4, method="inclusive")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY value) "
            "FROM unnest(%s::numeric[]) AS value",
            [[Decimal(value) / 10000 for value in values]],
        )
        found = cursor.fetchone()[0]
    assert [comparison._rounded(value) for value in found] == [rounded(value) for value in exact]


# --- Who, and what of one's own -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.CIO, Role.CONTRIBUTOR, Role.LIAISON])
def test_everybody_in_the_institution_sees_its_own(client, cycle, own, role):
    scored(own, cycle, "3.3")
    scored(InstitutionFactory(kind=K.FUND), CycleFactory(plan=cycle.plan), "4.4")
    answer = page(client, own, role)
    assert [standing.whole for standing in answer.context["standings"]] == [Decimal("3.3000")]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_it_is_no_page_for_supervisors(client, role):
    client.force_login(member(AuthorityFactory(), role))
    assert client.get(URL).status_code == 403


def test_the_version_signed_last_is_ones_own_score(own, cycle):
    scored(own, cycle, "1.1", state=S.RETURNED, version=1)
    scored(own, cycle, "2.2", state=S.SUBMITTED, version=2)
    assert [s.whole for s in standings(SelfAssessment.objects.all())] == [Decimal("2.2000")]
    SelfAssessment.objects.filter(version=2).update(state=S.WITHDRAWN, withdrawn_at="2026-01-01T00:00:00Z")
    SelfAssessmentFactory(institution=own, cycle=cycle, version=3)
    assert [s.whole for s in standings(SelfAssessment.objects.all())] == [Decimal("1.1000")]


def test_without_a_signed_version_it_says_so(client, own, cycle):
    SelfAssessmentFactory(institution=own, cycle=cycle)
    assert "自评签署之后才有可比较的得分。" in page(client, own).content.decode()


def test_a_cycle_is_chosen_and_earlier_ones_stand_beside_it(client, own, theme):
    cycles = [CycleFactory(plan=theme.plan) for _ in range(3)]
    for cycle, value in zip(cycles, ("2.0", "3.0", "3.5"), strict=True):
        scored(own, cycle, value, {theme: value})
    scored(own, CycleFactory(), "5.0")  # another plan's
    answer = page(client, own, cycle=cycles[1].pk)
    assert answer.context["cycle"] == cycles[1]
    assert [standing.cycle for standing in answer.context["standings"]] == cycles[:2]
    assert [line.values for line in answer.context["course"]] == [[Decimal("2.0000"), Decimal("3.0000")]] * 2
    assert "总分由上一周期的 2.0 变为 3.0" in answer.content.decode()
    elsewhere = scored(InstitutionFactory(), CycleFactory(plan=theme.plan), "1.0")
    for nonsense in ("abc", elsewhere.cycle.pk):
        assert page(client, own, cycle=nonsense).status_code == 200


def test_it_costs_the_same_whatever_there_is(client, own, theme):
    counts = []
    user = member(own, Role.CIO)
    client.force_login(user)
    for _ in range(2):
        cycle = CycleFactory(plan=theme.plan)
        scored(own, cycle, "3.3", {theme: "3.3", ThemeFactory(plan=theme.plan): "2.0"})
        others(cycle, OTHERS * 2, theme)
        client.get(URL)
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- Drawings -------------------------------------------------------------------------------------------------


def test_bands_are_to_scale_and_say_where_one_stands(cycle, own, theme):
    scored(own, cycle, "3.5", {theme: "0"})
    others(cycle, OTHERS, theme)
    (standing,) = standings(SelfAssessment.objects.filter(institution=own))
    chart = band_chart(comparison.compare(standing, own))
    whole, of_theme = chart.bands
    scale = {tick.label: tick.at for tick in chart.ticks}
    assert (whole.low, whole.median, whole.high) == (scale[2], scale[3], scale[4])
    assert whole.own == (scale[3] + scale[4]) / 2
    assert of_theme.own == scale[0]
    assert chart.title == "本机构总分 3.5，高于同类机构的中位数 3.0"
    assert whole.words.text == "本机构 3.5　中位数 3.0　四分位区间 2.0–4.0"


@pytest.mark.parametrize(
    ("own_value", "title"),
    [
        ("2.0", "本机构总分 2.0，低于同类机构的中位数 3.0"),
        ("3.0", "本机构总分 3.0，与同类机构的中位数相同"),
    ],
)
def test_the_title_states_the_finding(cycle, own, own_value, title):
    scored(own, cycle, own_value)
    others(cycle, OTHERS)
    (standing,) = standings(SelfAssessment.objects.filter(institution=own))
    assert band_chart(comparison.compare(standing, own)).title == title


def test_points_stand_in_the_order_of_cycles_from_zero(own, theme):
    for value in ("0.0", "5.0", "5.0"):
        scored(own, CycleFactory(plan=theme.plan), value)
    chart = point_chart(standings(SelfAssessment.objects.all()))
    scale = {tick.label: tick.at for tick in chart.ticks}
    assert [point.y for point in chart.points] == [scale[0], scale[5], scale[5]]
    assert [point.x for point in chart.points] == sorted(point.x for point in chart.points)
    assert chart.title == "总分与上一周期相同，均为 5.0"
    assert point_chart([]).title == "尚无得分"


def test_enough_others_are_five():
    assert MIN_OTHERS == 5
