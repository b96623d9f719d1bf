"""The lists: whose rows, which filters, how many queries."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from tasks.models import Assignment
from tests.factories.accounts import member
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.world import make_task

LIST = reverse("tasks:list")


def rows_of(response) -> set:
    return {row.pk for row in response.context["rows"]}


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


def test_a_supervisor_is_led_to_the_explorer_with_the_same_filters(people, browse):
    response = browse(people.supervisor).get(LIST, {"plan": "x", "state": ["returned", "submitted"]})
    assert response.url == f"{reverse('explorer:assignments')}?plan=x&state=returned&state=submitted"
