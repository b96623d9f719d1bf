"""The explorer's assignments: whose rows, which filters, and what is said of those that make no sense."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import AuthorityKind, InstitutionKind, Role
from portal.accounts.models import Region
from reports.explorer import views
from tests.explorer.pages import page_of, queries_of, rows_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.world import make_task

LIST = page_of("assignments")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def rows(people):
    """Three assignments in different firms and states."""
    task, today = make_task(), timezone.localdate()
    futures = InstitutionFactory(kind=InstitutionKind.FUTURES, region=RegionFactory(code="beijing", name="北京"))
    return {
        "late": AssignmentFactory(task=task, institution=people.institution, deadline=today - 3 * DAY),
        "returned": AssignmentFactory(task=task, institution=futures, state="returned"),
        "submitted": AssignmentFactory(
            task=make_task(), institution=futures, state="submitted", deadline=today + 90 * DAY
        ),
    }


def found(client, rows, query) -> set[str]:
    shown = rows_of(client.get(LIST, query))
    return {name for name, row in rows.items() if row.pk in shown}


def test_only_the_scope(people, browse, rows):
    narrow = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    assert found(browse(people.observer), rows, {}) == {"late", "returned", "submitted"}
    assert found(browse(member(narrow, Role.SUPERVISOR)), rows, {}) == {"returned", "submitted"}


@pytest.mark.parametrize("who", ["liaison", "contributor", "cio"])
def test_it_is_not_for_institutions(people, browse, who):
    assert browse(getattr(people, who)).get(LIST).status_code == 403


def test_nothing_unsigned_is_shown(people, browse):
    row = fill_in(AssignmentFactory(task=make_task(), institution=people.institution, state="in_progress"))
    content = browse(people.supervisor).get(LIST).text
    assert row.institution.name in content
    assert "已按要求落实" not in content
    assert "证明材料0" not in content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "returned"}, {"returned"}),
        ({"state": ["returned", "submitted"]}, {"returned", "submitted"}),
        ({"overdue": "1"}, {"late"}),
        ({"late": "2"}, {"late"}),
        ({"late": "3"}, set()),
        ({"kind": "futures"}, {"returned", "submitted"}),
        ({"kind": ["futures", "securities"]}, {"late", "returned", "submitted"}),
        ({"kind": "futures", "state": "submitted"}, {"submitted"}),
        ({"region": "beijing"}, {"returned", "submitted"}),
        ({"region": ["beijing", "shanghai"], "overdue": "1"}, {"late"}),
        ({"review": "pending"}, {"submitted"}),
        ({"review": "returned"}, {"returned"}),
        ({"review": "accepted"}, set()),
    ],
)
def test_filters(people, browse, rows, query, expected):
    client = browse(people.supervisor)
    assert found(client, rows, query) == expected
    assert "全部清除" in client.get(LIST, query).text


def test_filters_by_number_institution_and_plan(people, browse, rows):
    client, row = browse(people.supervisor), rows["submitted"]
    assert found(client, rows, {"task": row.task.number}) == {"submitted"}
    assert found(client, rows, {"theme": row.task.theme.number}) == {"submitted"}
    assert found(client, rows, {"plan": row.task.plan.slug}) == {"submitted"}
    assert found(client, rows, {"institution": people.institution.pk}) == {"late"}
    assert found(client, rows, {"deadline": row.deadline.isoformat()}) == {"submitted"}


def test_headquarters_asks_for_those_of_an_office(people, browse, rows):
    beijing = Region.objects.filter(code="beijing")
    office = AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE, regions=beijing)
    assert found(browse(people.supervisor), rows, {"authority": office.pk}) == {"returned", "submitted"}
    response = browse(member(office, Role.SUPERVISOR)).get(LIST, {"authority": office.pk})
    assert "此列表没有以下筛选条件，未采用：authority" in response.text


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"},
        {"state": ["returned", "nonsense"]},
        {"kind": "bank"},
        {"region": "atlantis"},
        {"late": "soon"},
        {"late": "-1"},
        {"late": "99999999999999999999"},
        {"task": "999"},
        {"plan": "no-such-plan"},
        {"institution": "0"},
        {"institution": "9" * 30},
        {"deadline": "2026-02-30"},
    ],
)
def test_a_filter_that_names_nothing_known_finds_nothing_and_says_so(people, browse, rows, query):
    response = browse(people.supervisor).get(LIST, query)
    assert rows_of(response) == []
    assert "筛选条件有误，未显示结果" in response.text
    assert "没有符合条件的任务" in response.text


def test_an_institution_out_of_scope_is_not_a_choice(people, browse, rows):
    client = browse(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.SUPERVISOR))
    response = client.get(LIST, {"institution": people.institution.pk})
    assert rows_of(response) == []
    assert people.institution.name not in response.text


def test_what_is_no_filter_here_is_named(people, browse, rows):
    response = browse(people.supervisor).get(LIST, {"colour": "red", "state": "returned"})
    assert rows_of(response) == [rows["returned"].pk]
    assert "未采用：colour" in response.text


def test_a_chip_takes_away_one_of_several_choices(people, browse, rows):
    page = browse(people.supervisor).get(LIST, {"state": ["returned", "submitted"], "sort": "-deadline"}).text
    assert 'href="?sort=-deadline&amp;state=submitted"' in page
    assert 'href="?sort=-deadline&amp;state=returned"' in page
    assert 'class="chip-clear" href="?sort=-deadline"' in page


# --- Order, pages, columns --------------------------------------------------------------------------------


def test_pages_by_deadline_and_back(people, browse, monkeypatch):
    monkeypatch.setattr(views, "ROWS_A_PAGE", 2)
    same_day = [AssignmentFactory().pk for _ in range(4)]
    early = AssignmentFactory(deadline=timezone.localdate()).pk
    client = browse(people.supervisor)
    for sort, expected in (("", [early, *same_day]), ("-deadline", [*reversed(same_day), early])):
        seen, after = [], ""
        while after is not None:
            response = client.get(LIST, {"sort": sort, "after": after})
            seen += rows_of(response)
            after = response.context["next_cursor"] or None
        assert seen == expected


def test_heads_sort_where_an_index_does(people, browse, rows):
    client = browse(people.supervisor)
    page = client.get(LIST, {"kind": "futures"}).text
    assert 'aria-sort="ascending"' in page
    assert "?kind=futures&amp;sort=-deadline" in page
    by_task = client.get(LIST, {"sort": "task"})
    assert rows_of(by_task) == [rows[name].pk for name in ("late", "returned", "submitted")]


@pytest.mark.parametrize("cursor", ["x", "2026-13-01~1", "2026-01-01", "a~b~c", "2026-01-01~" + "9" * 30, "\x00~1"])
@pytest.mark.parametrize("sort", ["deadline", "-task"])
def test_a_broken_cursor_is_no_error(people, browse, rows, cursor, sort):
    assert browse(people.supervisor).get(LIST, {"after": cursor, "sort": sort}).status_code == 200


def test_columns_are_chosen(people, browse, rows):
    response = browse(people.supervisor).get(LIST, {"column": ["institution", "credit_code"], "overdue": "1"})
    assert [head.label for head in response.context["heads"]] == ["机构名称", "统一社会信用代码"]
    assert people.institution.credit_code in response.text
    assert 'name="overdue" value="1"' in response.text  # the choice of columns keeps the filters


def test_a_column_or_an_order_that_is_gone_is_named_and_the_rest_shown(people, browse, rows):
    response = browse(people.supervisor).get(LIST, {"column": ["institution", "colour"], "sort": "colour"})
    assert [head.label for head in response.context["heads"]] == ["机构名称"]
    assert "以下列或排序已不存在，未采用：colour" in response.text
    assert len(rows_of(response)) == 3
    only_gone = browse(people.supervisor).get(LIST, {"column": "colour"})
    assert len(only_gone.context["heads"]) > 3


def test_the_count_is_bounded(people, browse, rows, monkeypatch):
    monkeypatch.setattr("portal.keyset.COUNT_LIMIT", 2)
    monkeypatch.setattr(views, "ROWS_A_PAGE", 2)
    response = browse(people.supervisor).get(LIST)
    assert response.context["count"] == (2, True)
    assert "超过 2 条" in response.text


def test_a_change_of_a_filter_leaves_a_clean_address(people, browse, rows):
    headers = {"HX-Request": "true"}
    response = browse(people.supervisor).get(LIST, {"plan": "", "state": "returned", "task": ""}, headers=headers)
    assert response["HX-Push-Url"] == f"{LIST}?state=returned"
    assert rows_of(response) == [rows["returned"].pk]


def test_queries(people, browse):
    client, task = browse(people.supervisor), make_task()
    every = f"{LIST}?" + "&".join(f"column={column.key}" for column in views.LISTED["assignments"].columns)
    AssignmentFactory(task=task)
    one = queries_of(client, LIST), queries_of(client, every)
    AssignmentFactory(task=task, institution=InstitutionFactory(kind=InstitutionKind.FUND))
    AssignmentFactory(task=task, institution=InstitutionFactory(region=RegionFactory(code="beijing")))
    assert (queries_of(client, LIST), queries_of(client, every)) == one


def test_who_may_do_what_to_many(people, browse, rows):
    for who, may in (("supervisor", True), ("lead", True), ("observer", False)):
        page = browse(getattr(people, who)).get(LIST, {"kind": "futures"}).text
        assert ("催办所选" in page) == may
        assert (f'href="{reverse("tasks:urge")}?kind=futures"' in page) == may
        assert ("导出 Excel" in page) == may
