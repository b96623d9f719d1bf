"""The explorer's institutions as at a past day: figures, filters and orders of that day."""

import io

import pytest
import time_machine
from django.http import QueryDict
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from openpyxl import load_workbook

from assessments.models import SelfAssessment
from portal.accounts.enums import Role
from portal.keyset import keyset_page
from reports import making
from reports.explorer.asked import Asked
from reports.explorer.registry import LISTED
from reports.explorer.subjects import Reading
from reports.models import Report
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.explorer.pages import page_of, queries_of, rows_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import CycleFactory, scored
from tests.factories.tasks import AssignmentFactory
from tests.reports.histories import DAY, FIRST, LAST, History, moves, noon

LIST = page_of("institutions")
FIGURES = ["total", "accepted", "share", "overdue", "score"]


class TestAnyHistory(History, TestCase):
    def setUp(self):
        super().setUp()
        user = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
        self.reader = Reading(user, membership_of(user))

    @settings(max_examples=10)
    @given(st.lists(moves, max_size=14), st.integers(0, LAST))
    def test_figures_filters_and_orders_are_those_of_the_day(self, history, number):
        self.live(history)
        day = FIRST + number * DAY
        known = {body.pk: self.figures(body, day) for body in self.institutions}
        for sort in ("name", "accepted", "-share", "-overdue"):
            rows = self.turn_the_pages(day, sort)
            assert {row.pk: (row.total, row.accepted, row.overdue) for row in rows} == known
            key = sort.removeprefix("-")
            values = [getattr(row, key) for row in rows]
            assert values == sorted(values, reverse=sort.startswith("-"))
        for state in S:
            held = {row.institution_id for row in self.rows if self.at(row, day)[0] == state}
            assert self.found(day, state=state.value) == held
        assert self.found(day, overdue=1) == {pk for pk, (_total, _accepted, overdue) in known.items() if overdue}

    def figures(self, body, day):
        stood = [self.at(row, day) for row in self.rows if row.institution == body]
        overdue = sum(deadline < day and state != S.ACCEPTED for state, deadline in stood)
        return len(stood), sum(state == S.ACCEPTED for state, _deadline in stood), overdue

    def asked(self, day, **filters):
        query = QueryDict(mutable=True)
        query.update({"plan": self.plan.slug, "at": day.isoformat(), **filters})
        query.setlist("column", ["name", *FIGURES])
        return Asked(LISTED["institutions"], query, self.reader)

    def found(self, day, **filters):
        return set(self.asked(day, **filters).found.values_list("pk", flat=True))

    def turn_the_pages(self, day, sort):
        asked, shown, after, first = self.asked(day, sort=sort), [], "", True
        while first or after:
            page = keyset_page(asked.with_columns(asked.found), by=asked.order, after=after, size=2)
            shown += [line.row for line in asked.lines(page.rows)]
            after, first = page.next_cursor, False
        assert len(shown) == len({row.pk for row in shown})
        return shown


@pytest.fixture
def world(people):
    """Overdue on day 10, accepted on day 40; a score of 3.4 accepted on day 30. And one with nothing but a task."""
    one, two = InstitutionFactory(name="甲公司"), InstitutionFactory(name="乙公司")
    rows = [
        AssignmentFactory(institution=body, deadline=FIRST + 9 * DAY, created_at=noon(0), changed_at=noon(0))
        for body in (one, two)
    ]
    moments = {"submitted_at": noon(40), "accepted_at": noon(40), "changed_at": noon(40)}
    Assignment.objects.filter(pk=rows[0].pk).update(state=S.ACCEPTED, **moments)
    with time_machine.travel(noon(28), tick=False):
        own = scored(one, CycleFactory(plan=rows[0].task.plan), "3.4")
    SelfAssessment.objects.filter(pk=own.pk).update(reviewed_at=noon(30))
    return one, two


def on(number, **query):
    return {"at": FIRST + number * DAY, "column": ["name", *FIGURES], **query}


def test_the_page_of_a_past_day_has_its_figures_and_leads_to_that_day(people, browse, world):
    one, two = world
    client = browse(people.lead)

    def texts(number):
        lines = client.get(LIST, on(number, q="甲公司")).context["lines"]
        row = lines[0].row
        return [row.total, row.accepted, row.overdue, lines[0].cells[-1].text]

    assert [texts(number) for number in (9, 10, 30, 40)] == [
        [1, 0, 0, "–"],
        [1, 0, 1, "–"],
        [1, 0, 1, "3.4"],
        [1, 1, 0, "3.4"],
    ]
    response = client.get(LIST, on(10, q="公司", sort="-overdue"))
    day = FIRST + 10 * DAY
    assert f"以下为 {day} 24 时的情况" in response.text
    assert f'{one.get_absolute_url()}?at={day}"' in response.text
    assert f"overdue=1&amp;institution={one.pk}&amp;at={day}" in response.text
    assert f'{page_of("assignments")}?at={day}"' in response.text
    assert 'name="institutions"' not in response.text
    assert [set(rows_of(client.get(LIST, on(number, score_min=3)))) for number in (29, 30)] == [set(), {one.pk}]
    assert rows_of(client.get(LIST, on(30, q="公司", sort="score")))[-2:] == [two.pk, one.pk]
    assert rows_of(client.get(LIST, on(40, q="公司", state="accepted"))) == [one.pk]
    today = client.get(LIST, {"q": "甲公司"})
    assert 'name="institutions"' in today.text
    assert f'href="{one.get_absolute_url()}"' in today.text
    wrong = client.get(LIST, {"at": "2999-01-01", "q": "甲公司"})
    assert "截至日期不能晚于今天" in wrong.text
    assert rows_of(wrong) == [one.pk]


def test_a_past_day_costs_the_same_with_more_institutions(people, browse, world):
    client = browse(people.lead)
    url = f"{LIST}?at={FIRST + 15 * DAY}&sort=-overdue&" + "&".join(f"column={name}" for name in FIGURES)
    before = queries_of(client, url)
    for _number in range(2):
        AssignmentFactory(created_at=noon(0), changed_at=noon(0))
    assert queries_of(client, url) == before


def test_the_file_holds_the_figures_of_the_day(people, browse, world):
    query = f"at={FIRST + 10 * DAY}&q=甲公司&sort=score&column=name&column=overdue&column=share&column=score"
    client = browse(people.lead)
    client.post(reverse("explorer:export"), {"subject": "institutions", "query": query, "format": "xlsx"})
    report = Report.objects.get()
    making.render(report_id=report.pk)
    report.refresh_from_db()
    _notes, sheet = load_workbook(io.BytesIO(report.file.read())).worksheets
    assert sheet.title == f"机构 {FIRST + 10 * DAY}"
    _head, *rows = sheet.iter_rows(values_only=True)
    assert {row[0]: row[1:] for row in rows} == {"甲公司": (0, 1, None)}
