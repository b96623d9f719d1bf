"""The explorer's assignments as at a past day: what was known then, and as many rows as the figures of that day say."""

import io
import re
from unittest.mock import patch

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from openpyxl import load_workbook

from plan.models import Task
from portal import keyset
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Institution
from reports import making, progress
from reports.explorer.asked import Asked
from reports.explorer.registry import LISTED
from reports.explorer.subjects import Reading
from reports.models import Report
from reports.progress import AGES, DAYS_LATE, Condition
from tasks.enums import PASSING
from tasks.enums import AssignmentState as S
from tasks.models import Assignment, AssignmentChange
from tests.explorer.pages import page_of, queries_of, rows_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory
from tests.reports.histories import DAY, FIRST, LAST, History, moves, noon

LIST = page_of("assignments")


class TestAnyHistory(History, TestCase):
    def setUp(self):
        super().setUp()
        user = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
        self.reader = Reading(user, membership_of(user))

    @settings(max_examples=15)
    @given(st.lists(moves, max_size=14), st.integers(0, LAST))
    def test_the_list_of_a_day_is_as_long_as_its_figures(self, history, number):
        self.live(history)
        day = FIRST + number * DAY
        then = progress.position(Institution.objects.all(), plan=self.plan, day=day)
        for state in S:
            assert self.length(day, state=state.value) == then.figures.states[state]
        assert self.length(day, overdue=1) == then.figures.overdue
        due = progress.stood(Institution.objects.all(), plan=self.plan, day=day).due
        assert self.length(day, due_by=day.isoformat(), applicable=1) == due
        for theme, ages in then.ages_by_theme.items():
            for age in AGES:
                least, most = DAYS_LATE[age]
                late = {"late": least - 1} | ({"late_max": most} if most else {})
                assert self.length(day, theme=theme.number, overdue=1, **late) == ages[age]
        for (task, kind), conditions in then.conditions.items():
            square = {"task": next(one.number for one in self.tasks if one.pk == task), "kind": kind.value}
            assert self.length(day, **square) == conditions.total()
            assert self.length(day, overdue=1, **square) == conditions[Condition.OVERDUE]
        for sort in ("deadline", "-deadline", "task", "-task"):
            for most_counted in (3, 1000):
                with patch("portal.keyset.COUNT_LIMIT", most_counted):
                    self.turn_the_pages(day, sort)
        self.narrow_to_many(day)
        self.recount_reviews(day)
        self.find_by_the_moment(day)

    def asked(self, day, **filters):
        query = QueryDict(mutable=True)
        query.update({"plan": self.plan.slug, "at": day.isoformat(), **filters})
        return Asked(LISTED["assignments"], query, self.reader)

    def length(self, day, **filters):
        asked = self.asked(day, **filters)
        assert asked.is_valid
        return asked.found.count()

    def turn_the_pages(self, day, sort):
        asked, shown, after, first = self.asked(day, sort=sort), [], "", True
        while first or after:
            page, count = asked.page(after=after, size=2)
            assert count == (min(len(self.rows), keyset.COUNT_LIMIT), len(self.rows) > keyset.COUNT_LIMIT)
            shown += [line.row for line in asked.lines(page.rows)]
            after, first = page.next_cursor, False
        assert {row.pk: (row.state, row.deadline) for row in shown} == {row.pk: self.at(row, day) for row in self.rows}
        assert len(shown) == len(self.rows)
        keys = [row.deadline if "deadline" in sort else (row.task_id, row.deadline) for row in shown]
        assert keys == sorted(keys, reverse=sort.startswith("-"))
        assert [row.days_late for row in shown] == [max((day - row.deadline).days, 0) for row in shown]

    def narrow_to_many(self, day):
        """As where a kind has thousands of institutions and a theme several tasks."""
        Task.objects.update(theme=self.tasks[0].theme)
        narrowed = {"theme": self.tasks[0].theme.number, "kind": InstitutionKind.FUTURES.value}
        with patch("portal.accounts.filters.MANY", 1):
            assert self.length(day, **narrowed) == self.length(day, kind=InstitutionKind.FUTURES.value) == 4
            assert self.length(day, region="shanghai", **narrowed) == 4
            assert self.length(day, region="beijing", **narrowed) == 0
        for task in self.tasks:
            task.save()

    def find_by_the_moment(self, day):
        known = AssignmentChange.objects.last_by(day)
        for rows in (known.in_state(*PASSING), known.unanswered()):
            assert set(rows.passing(day)) == set(rows)

    def recount_reviews(self, day):
        once, unanswered = 0, 0
        for facts in self.known.values():
            states = [state for at, state, _deadline in facts if FIRST + at * DAY <= day]
            judged = [state for state in states if state in (S.SUBMITTED, S.RETURNED)]
            once += S.RETURNED in judged
            unanswered += bool(judged) and judged[-1] == S.RETURNED and states[-1] in (S.RETURNED, S.IN_PROGRESS)
        assert self.length(day, review="returned") == once
        assert self.length(day, review="unanswered") == unanswered


# --- Pages ------------------------------------------------------------------------------------------------


@pytest.fixture
def world(people):
    """An assignment that was returned on day 10, extended on day 20 and accepted on day 40; and one more."""
    at = noon(0)
    kinds = (InstitutionKind.FUTURES, InstitutionKind.FUND)
    task = TaskFactory(number=7)
    one, two = (
        AssignmentFactory(
            task=task, institution=InstitutionFactory(kind=kind), deadline=FIRST, created_at=at, changed_at=at
        )
        for kind in kinds
    )
    change = Assignment.objects.filter(pk=one.pk).update
    change(state=S.SUBMITTED, submitted_at=noon(5), changed_at=noon(5))
    change(state=S.RETURNED, returned_at=noon(10), changed_at=noon(10))
    change(deadline=FIRST + 30 * DAY, changed_at=noon(20))
    change(state=S.ACCEPTED, submitted_at=noon(40), accepted_at=noon(40), changed_at=noon(40))
    return one, two


def on(number, **query):
    return {"at": FIRST + number * DAY, **query}


def test_the_page_of_a_past_day_shows_what_was_known_then(people, browse, world):
    one, two = world
    client, columns = browse(people.lead), ["state", "deadline", "days_late", "submitted_at", "returned_at"]
    response = client.get(LIST, on(15, column=columns, kind="futures"))
    (line,) = response.context["lines"]
    assert line.row.pk == one.pk
    assert [cell.text for cell in line.cells][2:] == ["15", "2026-01-25 12:00", "2026-01-30 12:00"]
    for words in ("以下为 2026-02-04 24 时的情况", "查看今天的情况", "已退回", "2026-01-20", "逾期 15 天"):
        assert words in response.text
    for words in ('class="state state-accepted"', 'name="assignment"', "催办所选", "延期所选"):
        assert words not in response.text
    assert re.search(r'href="\?column=state&amp;[^"]*kind=futures">查看今天的情况', response.text)
    assert rows_of(client.get(LIST, on(25, overdue=1))) == [two.pk]
    assert rows_of(client.get(LIST, on(25, deadline=FIRST + 30 * DAY))) == [one.pk]
    assert set(rows_of(client.get(LIST, on(25, to_act_on=1)))) == {one.pk, two.pk}
    assert rows_of(client.get(LIST, on(-1))) == []
    today = client.get(LIST, {"kind": "futures"})
    assert "时的情况" not in today.text
    assert "催办所选" in today.text


def test_a_past_day_shows_nobody_more_than_today(browse, world):
    one, _two = world
    client = browse(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.SUPERVISOR))
    assert rows_of(client.get(LIST, on(15))) == [one.pk]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2001-01-01", "此前没有记录，现显示今天的情况"),
        ("2999-01-01", "截至日期不能晚于今天，现显示今天的情况"),
        ("昨天", "请按“2026-06-30”的格式填写日期"),
    ],
)
def test_a_day_that_makes_no_sense_is_said_and_the_rest_is_in_force(people, browse, world, at, said):
    one, _two = world
    client, query = browse(people.lead), {"at": at, "kind": "futures", "plan": one.task.plan.slug}
    response = client.get(LIST, query)
    assert rows_of(response) == [one.pk]
    assert said in response.text
    assert f'value="{at}"' in response.text
    assert "未显示结果" not in response.text
    client.post(reverse("explorer:export"), {"subject": "assignments", "query": f"at={at}", "format": "csv"})
    assert not Report.objects.exists()


def test_a_past_day_costs_the_same_with_more_rows(people, browse, world):
    client = browse(people.lead)
    every = "&".join(f"column={column.key}" for column in LISTED["assignments"].columns)
    url = f"{LIST}?at={FIRST + 15 * DAY}&{every}"
    before = queries_of(client, url)
    for _number in range(2):
        AssignmentFactory(task=world[0].task, created_at=noon(0), changed_at=noon(0))
    assert len(rows_of(client.get(url))) == 4
    assert queries_of(client, url) == before


def test_the_file_holds_that_day_and_says_so(people, browse, world):
    query = f"at={FIRST + 15 * DAY}&kind=futures&column=state&column=deadline&column=days_late&column=accepted_at"
    client = browse(people.lead)
    client.post(reverse("explorer:export"), {"subject": "assignments", "query": query, "format": "xlsx"})
    report = Report.objects.get()
    making.render(report_id=report.pk)
    report.refresh_from_db()
    notes, sheet = load_workbook(io.BytesIO(report.file.read())).worksheets
    assert ("截至（默认今天）", "2026-02-04") in list(notes.iter_rows(values_only=True))
    assert sheet.title == "任务落实 2026-02-04"
    _head, row = sheet.iter_rows(values_only=True)
    assert (row[0], row[1].date(), *row[2:]) == ("已退回", FIRST, 15, None)
    assert report.about == "任务落实（截至 2026-02-04）"
    assert "2026-02-04" in client.get(reverse("reports:file", args=[report.pk]))["Content-Disposition"]


@pytest.mark.parametrize("who", ["lead", "cio"])
def test_the_marks_of_a_past_dashboard_lead_to_lists_of_their_length(people, browse, world, who):
    one, _two = world
    client = browse(people.lead if who == "lead" else member(one.institution, Role.CIO))
    for number in (7, 15, 45):
        query = on(number, plan=one.task.plan.slug)
        overview = client.get(reverse("dashboard:overview"), query).context
        progress_tab = client.get(reverse("dashboard:progress"), query).context
        tiles = [*overview["tiles"], *progress_tab["tiles"]]
        marks = [(tile.url, int(tile.value)) for tile in tiles if tile.url and tile.value.isdigit()]
        marks += [(here.url, int(here.words.split()[-1])) for bar in overview["funnel"].bars for here in bar.here]
        ages = [row for table in overview["age_tables"] for row in table.chart.rows]
        marks += [(cell.url, int(cell.value)) for row in ages for cell in row.cells]
        assert len(marks) > 8
        for url, figure in marks:
            found = client.get(url, follow=True).context
            assert (found["day"] if who == "cio" else found["asked"].day) == FIRST + number * DAY
            assert len(found["rows"] if who == "cio" else found["lines"]) == figure, url
    assert "at=" not in client.get(reverse("dashboard:overview")).context["tiles"][0].url
    today = client.get(reverse("dashboard:progress"), {"plan": one.task.plan.slug}).context["tiles"][0]
    found = client.get(today.url, follow=True).context
    assert len(found["rows" if who == "cio" else "lines"]) == int(today.value)


def test_a_cell_of_a_past_day_leads_to_the_assignment_in_that_days_list(people, browse, world):
    one, _two = world
    client, tab = browse(people.lead), reverse("dashboard:institutions")
    chosen = {"plan": one.task.plan.slug, "kind": "futures"}
    (row,) = client.get(tab, on(15, **chosen)).context["chart"].rows
    response = client.get(row.cells[0].url, follow=True)
    assert (rows_of(response), response.context["asked"].day) == ([one.pk], FIRST + 15 * DAY)
    (row,) = client.get(tab, chosen).context["chart"].rows
    assert row.cells[0].url == one.get_absolute_url()


def test_an_institutions_own_tasks_as_at_a_past_day(browse, world):
    one, _two = world
    client, own = browse(member(one.institution, Role.CIO)), reverse("tasks:list")
    response = client.get(own, on(15))
    (row,) = response.context["rows"]
    assert (row.pk, row.state, row.days_late) == (one.pk, S.RETURNED, 15)
    assert response.context["tally"]["overdue"] == 1
    for words in ("以下为 2026-02-04 24 时的情况", "已退回", "逾期 15 天", "?overdue=1&amp;at=2026-02-04"):
        assert words in response.text
    for words in ("填报进度", "已验收</span>"):
        assert words not in response.text.partition("<table")[2]
    assert [len(client.get(own, on(15, q=q)).context["rows"]) for q in ("7", "没有")] == [1, 0]
    assert len(client.get(own, on(15, theme=one.task.theme.number, plan=one.task.plan.slug)).context["rows"]) == 1
    assert not client.get(own, on(-1)).context["rows"]
    wrong = client.get(own, {"at": "2999-01-01"})
    assert "截至日期不能晚于今天" in wrong.text
    assert wrong.context["rows"][0].state == S.ACCEPTED


def test_today_is_no_past_day(people, browse, world):
    response = browse(people.lead).get(LIST, {"at": timezone.localdate()})
    assert response.context["asked"].day is None
    assert "催办所选" in response.text
