"""The lists: whose rows, which filters, how many queries."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from tasks.models import Assignment
from tasks.views import lists
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.world import make_task

LIST = reverse("tasks:list")


def rows_of(response) -> set:
    context = response.context
    return {row.pk for row in (context["page"].rows if "page" in context else context["rows"])}


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


class TestInstitution:
    def test_only_the_own_tasks(self, people, browse, filled):
        AssignmentFactory(task=filled.task)
        assert rows_of(browse(people.contributor).get(LIST)) == {filled.pk}

    def test_somebody_in_two_firms_sees_the_one_acted_for(self, people, browse, filled):
        other = AssignmentFactory(task=filled.task)
        person = member(other.institution, Role.CONTRIBUTOR)
        person.memberships.create(institution=people.institution, role=Role.CIO)
        person.groups.add(people.institution.group)
        client = browse(person)
        for membership in person.memberships.all():
            client.post(reverse("accounts:act_for", args=[membership.pk]))
            own = Assignment.objects.get(institution=membership.institution)
            assert rows_of(client.get(LIST)) == {own.pk}

    def test_what_each_row_says(self, people, browse, filled):
        content = browse(people.contributor).get(LIST).content.decode()
        for words in (filled.task.local_title, filled.task.theme.title, "进行中", "剩 30 天", "2 / 2", "落实"):
            assert words in content

    def test_the_summary_counts_all_rows_whatever_is_filtered(self, people, browse):
        today = timezone.localdate()
        for state, days in (("accepted", -5), ("in_progress", -5), ("not_started", 12)):
            deadline = today + datetime.timedelta(days=days)
            AssignmentFactory(institution=people.institution, state=state, deadline=deadline)
        response = browse(people.contributor).get(LIST, {"state": "accepted"})
        tally = response.context["tally"]
        assert (tally["total"], tally["accepted"], tally["overdue"]) == (3, 1, 1)
        assert tally["next_deadline"] == today + datetime.timedelta(days=12)
        assert len(rows_of(response)) == 1

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"state": "in_progress"}, {"filled"}),
            ({"overdue": "1"}, {"late"}),
            ({"theme": "2"}, {"late"}),
            ({"q": "特别"}, {"late"}),
            ({"q": "专门要求"}, {"filled"}),
            ({"q": "SPECIAL"}, {"late"}),
            ({"q": "7"}, {"late"}),
            ({"state": "accepted"}, set()),
        ],
    )
    def test_filters(self, people, browse, query, expected):
        plan = PlanFactory()
        one = TaskFactory(theme__plan=plan, theme__number=1, number=1)
        two = TaskFactory(theme__plan=plan, theme__number=2, number=7, title="特别任务", title_en="Special task")
        RequirementFactory(task=one, text="专门要求")
        yesterday = timezone.localdate() - datetime.timedelta(days=1)
        rows = {
            "filled": AssignmentFactory(task=one, institution=people.institution, state="in_progress"),
            "late": AssignmentFactory(task=two, institution=people.institution, deadline=yesterday),
        }
        response = browse(people.contributor).get(LIST, query)
        assert rows_of(response) == {rows[name].pk for name in expected}
        assert "全部清除" in response.content.decode()

    def test_plans_are_told_apart(self, people, browse):
        rows = [AssignmentFactory(institution=people.institution) for _ in range(2)]
        client = browse(people.contributor)
        slug = rows[0].task.plan.slug
        assert rows_of(client.get(LIST, {"plan": slug})) == {rows[0].pk}
        assert rows_of(client.get(LIST)) == {row.pk for row in rows}

    def test_a_filter_that_makes_no_sense_shows_nothing_and_says_so(self, people, browse, filled):
        response = browse(people.contributor).get(LIST, {"state": "nonsense"})
        assert rows_of(response) == set()
        assert "筛选条件有误" in response.content.decode()

    def test_an_empty_list_says_why(self, people, browse):
        assert "尚未向本机构下达任务" in browse(people.contributor).get(LIST).content.decode()

    def test_queries(self, people, browse):
        client = browse(people.contributor)
        task = make_task()
        fill_in(AssignmentFactory(task=task, institution=people.institution, state="in_progress"))
        one = queries_of(client, LIST)
        for _ in range(2):
            fill_in(AssignmentFactory(task=make_task(), institution=people.institution, state="in_progress"))
        # Two plans now: the filter for them reads them once more, and a filtered list is not all there is to tally.
        assert queries_of(client, f"{LIST}?plan={task.plan.slug}") <= one + 3
        assert queries_of(client, LIST) <= one + 1


class TestScope:
    @pytest.fixture
    def rows(self, people):
        """Three assignments of one task in different firms, and one out of scope."""
        task = make_task()
        today = timezone.localdate()
        beijing = RegionFactory(code="beijing", name="北京")
        futures = InstitutionFactory(kind=InstitutionKind.FUTURES, region=beijing)
        return {
            "late": AssignmentFactory(
                task=task, institution=people.institution, deadline=today - datetime.timedelta(days=3)
            ),
            "returned": AssignmentFactory(task=task, institution=futures, state="returned"),
            "submitted": AssignmentFactory(
                task=make_task(), institution=futures, state="submitted", deadline=today + datetime.timedelta(days=90)
            ),
        }

    def test_only_the_scope(self, people, browse, rows):
        narrow = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        assert rows_of(browse(people.observer).get(LIST)) == {row.pk for row in rows.values()}
        seen = rows_of(browse(member(narrow, Role.SUPERVISOR)).get(LIST))
        assert seen == {rows["returned"].pk, rows["submitted"].pk}

    def test_nothing_unsigned_is_shown(self, people, browse, filled):
        content = browse(people.supervisor).get(LIST).content.decode()
        assert filled.institution.name in content
        assert "已按要求落实" not in content
        assert "证明材料0" not in content

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"state": "returned"}, {"returned"}),
            ({"overdue": "1"}, {"late"}),
            ({"kind": "futures"}, {"returned", "submitted"}),
            ({"kind": "futures", "state": "submitted"}, {"submitted"}),
            ({"region": "beijing"}, {"returned", "submitted"}),
            ({"review": "pending"}, {"submitted"}),
            ({"review": "returned"}, {"returned"}),
            ({"review": "accepted"}, set()),
            ({"review": "unanswered"}, {"returned"}),
            ({"to_act_on": "1"}, {"late", "returned"}),
            ({"late_min": "3"}, {"late"}),
            ({"late_min": "4"}, set()),
            ({"late_max": "3"}, {"late"}),
            ({"late_max": "2"}, set()),
            ({"late_min": "1", "late_max": "30"}, {"late"}),
        ],
    )
    def test_filters(self, people, browse, rows, query, expected):
        response = browse(people.supervisor).get(LIST, query)
        assert rows_of(response) == {rows[name].pk for name in expected}
        assert "全部清除" in response.content.decode()

    def test_filters_by_number_and_institution(self, people, browse, rows):
        client = browse(people.supervisor)
        row = rows["submitted"]
        assert rows_of(client.get(LIST, {"task": row.task.number})) == {row.pk}
        assert rows_of(client.get(LIST, {"theme": row.task.theme.number})) == {row.pk}
        assert rows_of(client.get(LIST, {"institution": people.institution.pk})) == {rows["late"].pk}

    def test_an_institution_out_of_scope_is_not_a_choice(self, people, browse, rows):
        narrow = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        client = browse(member(narrow, Role.SUPERVISOR))
        response = client.get(LIST, {"institution": people.institution.pk})
        assert rows_of(response) == set()
        assert people.institution.name not in response.content.decode()

    def test_pages_by_deadline(self, people, browse, monkeypatch):
        monkeypatch.setattr(lists, "ROWS_A_PAGE", 2)
        same_day = [AssignmentFactory() for _ in range(4)]
        early = AssignmentFactory(deadline=timezone.localdate())
        client, seen, url = browse(people.supervisor), [], LIST
        while url:
            page = client.get(url).context["page"]
            seen += [row.pk for row in page.rows]
            url = f"{LIST}?after={page.next_cursor}" if page.next_cursor else ""
        assert seen == [early.pk, *(row.pk for row in same_day)]

    @pytest.mark.parametrize("cursor", ["x", "2026-13-01~1", "2026-01-01", "a~b~c", "2026-01-01~" + "9" * 30])
    def test_a_broken_cursor_is_no_error(self, people, browse, rows, cursor):
        assert browse(people.supervisor).get(LIST, {"after": cursor}).status_code == 200

    def test_the_count_is_bounded(self, people, browse, rows, monkeypatch):
        monkeypatch.setattr("portal.keyset.COUNT_LIMIT", 2)
        response = browse(people.supervisor).get(LIST)
        assert response.context["count"] == (2, True)
        assert "超过 2 条" in response.content.decode()

    def test_queries(self, people, browse):
        client = browse(people.supervisor)
        task = make_task()
        AssignmentFactory(task=task)
        one = queries_of(client, LIST)
        AssignmentFactory(task=task, institution=InstitutionFactory(kind=InstitutionKind.FUND))
        AssignmentFactory(task=task, institution=InstitutionFactory(region=RegionFactory(code="beijing")))
        assert queries_of(client, LIST) == one
