"""Ranking, movers and what is returned most: within the scope, by accepted versions, and always at the same cost."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assessments.enums import CycleKind, SelfAssessmentState, Verdict
from assessments.models import Remark, Score
from portal.accounts.enums import InstitutionKind, Role
from reports import ranking
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, ReviewFactory, scored
from tests.factories.plan import RequirementFactory, TaskFactory

pytestmark = pytest.mark.django_db
S, K = SelfAssessmentState, InstitutionKind
PAGES = ["scores:ranking", "scores:movers", "scores:most_returned"]


@pytest.fixture
def cycle():
    return CycleFactory()


@pytest.fixture
def supervisor():
    return member(AuthorityFactory(), Role.SUPERVISOR)


def opened(client, user, name, **query):
    client.force_login(user)
    return client.get(reverse(name), query)


def ranks(answer) -> list[tuple[int, Decimal]]:
    return [(row.rank, row.score.value) for row in answer.context["page"].rows]


# --- Who ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_whoever_supervises_may_read(client, cycle, name, role):
    scored(InstitutionFactory(), cycle, "3.0")
    assert opened(client, member(AuthorityFactory(), role), name).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", [Role.CIO, Role.CONTRIBUTOR, Role.LIAISON])
def test_institutions_may_not(client, name, role):
    assert opened(client, member(InstitutionFactory(), role), name).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_other_scopes_is_there(client, cycle, name):
    before = CycleFactory(plan=cycle.plan, period_starts_on="2019-01-01", period_ends_on="2019-06-30")
    institution = InstitutionFactory(kind=K.SECURITIES, name="外部机构")
    scored(institution, before, "1.0")
    row = scored(institution, cycle, "3.0")
    requirement = RequirementFactory(text="外部要求")
    returned(row, [requirement])
    elsewhere = member(AuthorityFactory(kinds=[K.FUND]), Role.LEAD_SUPERVISOR)
    text = opened(client, elsewhere, name).content.decode()
    assert "外部" not in text
    here = opened(client, member(AuthorityFactory(), Role.OBSERVER), name).content.decode()
    assert "外部" in here


@pytest.mark.parametrize("name", PAGES)
def test_without_a_cycle_and_with_nonsense_in_the_address(client, supervisor, name):
    assert "尚未开启自评周期" in opened(client, supervisor, name).content.decode()
    CycleFactory()
    query = {"cycle": "abc", "kind": "x", "region": "nowhere", "after": "9~~"}
    assert opened(client, supervisor, name, **query).status_code == 200


# --- Ranking ----------------------------------------------------------------------------------------------------


def test_accepted_versions_of_the_cycle_by_score_with_shared_ranks(client, supervisor, cycle):
    for value in ("3.0", "4.0", "3.0", "2.0"):
        scored(InstitutionFactory(), cycle, value)
    for state in (S.SUBMITTED, S.RETURNED, S.WITHDRAWN):
        scored(InstitutionFactory(), cycle, "5.0", state=state)
    older = CycleFactory(plan=cycle.plan, period_starts_on="2019-01-01", period_ends_on="2019-06-30")
    scored(InstitutionFactory(), older, "5.0")
    answer = opened(client, supervisor, "scores:ranking")
    assert ranks(answer) == [(1, Decimal(4)), (2, Decimal(3)), (2, Decimal(3)), (4, Decimal(2))]
    assert [value for _rank, value in ranks(opened(client, supervisor, "scores:ranking", cycle=older.pk))] == [5]


def test_kind_and_region_filter_and_ranks_are_those_of_what_is_left(client, supervisor, cycle):
    scored(InstitutionFactory(kind=K.FUND), cycle, "4.0")
    securities = InstitutionFactory(kind=K.SECURITIES)
    scored(securities, cycle, "3.0")
    for query in ({"kind": "securities"}, {"kind": "securities", "region": securities.region.code}):
        assert ranks(opened(client, supervisor, "scores:ranking", **query)) == [(1, Decimal(3))]


def test_each_score_leads_to_the_self_assessment_and_to_its_reckoning(client, supervisor, cycle):
    row = scored(InstitutionFactory(), cycle, "3.0")
    text = opened(client, supervisor, "scores:ranking").content.decode()
    assert reverse("assessments:review_self_assessment", args=[row.pk]) in text
    assert reverse("assessments:score", args=[row.pk]) in text
    assert str(ranking.RANKING_RULE) in text


class TestRanks(TestCase):
    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(["1.0", "2.0", "2.5", "5.0"]), max_size=9))
    def test_pages_together_give_every_rank_as_counting_does(self, values):
        cycle = CycleFactory()
        for value in values:
            scored(InstitutionFactory(), cycle, value)
        scores = Score.objects.whole().accepted_in(cycle)
        size, found, after = 3, [], ""
        original, ranking.ROWS_A_PAGE = ranking.ROWS_A_PAGE, size
        try:
            while True:
                page = ranking.ranking_page(scores, after)
                found += page.rows
                after = page.next_cursor
                if not after:
                    break
        finally:
            ranking.ROWS_A_PAGE = original
        wanted = sorted((Decimal(value) for value in values), reverse=True)
        assert [row.score.value for row in found] == wanted
        assert [row.rank for row in found] == [1 + sum(other > value for other in wanted) for value in wanted]


# --- Movers -------------------------------------------------------------------------------------------------------


def test_who_rose_and_fell_most_since_the_cycle_before(client, supervisor):
    oldest, before, now = (CycleFactory() for _ in range(3))
    type(now).objects.update(plan=now.plan)
    moves = {
        "升": ("2.0", "3.5"),
        "微升": ("3.0", "3.1"),
        "降": ("4.0", "1.5"),
        "平": ("3.0", "3.0"),
        "略": ("3.01", "3.04"),
    }
    for name, (earlier, later) in moves.items():
        institution = InstitutionFactory(name=name)
        scored(institution, oldest, "5.0")
        scored(institution, before, earlier)
        scored(institution, now, later)
    scored(InstitutionFactory(name="新"), now, "5.0")
    unaccepted = InstitutionFactory(name="未验收")
    scored(unaccepted, before, "1.0", state=S.RETURNED)
    scored(unaccepted, now, "5.0")
    answer = opened(client, supervisor, "scores:movers", cycle=now.pk)
    found = answer.context["movers"]
    assert [(s.self_assessment.institution.name, s.change) for s in found.up] == [
        ("升", Decimal("1.5")),
        ("微升", Decimal("0.1")),
    ]
    assert [(s.self_assessment.institution.name, s.change) for s in found.down] == [("降", Decimal("-2.5"))]
    text = answer.content.decode()
    assert "+1.5" in text
    assert "−2.5" in text
    assert str(ranking.MOVERS_RULE) in text


def test_at_most_ten_each_way(cycle):
    before = CycleFactory(plan=cycle.plan, period_starts_on="2019-01-01", period_ends_on="2019-06-30")
    for number in range(24):
        institution = InstitutionFactory()
        scored(institution, before, "2.5")
        scored(institution, cycle, "4.0" if number % 2 else "1.0")
    found = ranking.movers(Score.objects.whole().accepted_in(cycle), before)
    assert (len(found.up), len(found.down)) == (10, 10)


def test_the_cycle_before_is_of_the_same_plan_and_kind(cycle):
    ends = {"period_starts_on": "2019-01-01", "period_ends_on": "2019-06-30"}
    CycleFactory(**ends)
    CycleFactory(plan=cycle.plan, kind=CycleKind.YEAR, **ends)
    assert ranking.cycle_before(cycle) is None
    wanted = CycleFactory(plan=cycle.plan, **ends)
    CycleFactory(plan=cycle.plan, period_starts_on="2018-01-01", period_ends_on="2018-06-30")
    assert ranking.cycle_before(cycle) == wanted


def test_the_first_cycle_has_no_movers_and_says_so(client, supervisor, cycle):
    assert "没有可比较的上一周期" in opened(client, supervisor, "scores:movers").content.decode()


# --- Returned most often --------------------------------------------------------------------------------------------


def returned(row, requirements, accepted=()):
    review = ReviewFactory(self_assessment=row, verdict=Verdict.RETURNED)
    remarks = [Remark(review=review, requirement=r, text="请补充。") for r in requirements]
    remarks += [Remark(review=review, requirement=r, verdict=Verdict.ACCEPTED, text="好。") for r in accepted]
    Remark.objects.bulk_create(remarks)
    return review


def test_requirements_by_how_often_they_were_returned_and_their_share(client, supervisor, cycle):
    task = TaskFactory(plan=cycle.plan, theme__plan=cycle.plan)
    often, once, praised = (RequirementFactory(task=task) for _ in range(3))
    rows = [scored(InstitutionFactory(), cycle, "1.0", state=S.RETURNED) for _ in range(2)]
    returned(rows[0], [often, once])
    returned(rows[1], [often], accepted=[praised])
    ReviewFactory(self_assessment=scored(InstitutionFactory(), cycle, "5.0"))
    other = scored(InstitutionFactory(), CycleFactory(), "1.0", state=S.RETURNED)
    returned(other, [once])
    answer = opened(client, supervisor, "scores:most_returned", cycle=cycle.pk)
    returns = answer.context["returns"]
    assert returns.reviewed == 3
    assert [tuple(row) for row in returns.rows] == [(often, 2, Decimal("66.7")), (once, 1, Decimal("33.3"))]
    text = answer.content.decode()
    assert task.get_absolute_url() in text
    assert str(ranking.RETURNED_RULE) in text


def test_at_most_fifteen_requirements(client, supervisor, cycle):
    task = TaskFactory(plan=cycle.plan, theme__plan=cycle.plan)
    returned(
        scored(InstitutionFactory(), cycle, "1.0", state=S.RETURNED), [RequirementFactory(task=task) for _ in range(16)]
    )
    assert len(opened(client, supervisor, "scores:most_returned").context["returns"].rows) == 15


# --- Cost -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_one_row_and_three_cost_the_same(client, supervisor, cycle, name):
    before = CycleFactory(plan=cycle.plan, period_starts_on="2019-01-01", period_ends_on="2019-06-30")
    client.force_login(supervisor)
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            institution = InstitutionFactory()
            scored(institution, before, "1.0")
            returned(scored(institution, cycle, "3.0"), [RequirementFactory()])
        client.get(reverse(name), {"cycle": cycle.pk})
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(name), {"cycle": cycle.pk})
        counts.append(len(captured))
    assert counts[0] == counts[1]
