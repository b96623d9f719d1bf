"""A list's filters under a name: one's own, known by the list, and back to the list and nowhere else."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.actions import VIEWS_A_PAGE, delete_view, save_view
from portal.accounts.enums import ListPage, Role
from portal.accounts.models import SavedView
from portal.accounts.saved_views import clean_query
from portal.audit.models import AuditEvent
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.assessments import CycleFactory

pytestmark = pytest.mark.django_db
PAGE = ListPage.REVIEW_QUEUE
SAVE = reverse("accounts:save_view")
QUEUE = reverse("assessments:review_queue")


@pytest.fixture
def supervisor(client):
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    client.force_login(user)
    return user


def typed(**changes) -> dict:
    return {"page": PAGE.value, "name": "上海的基金公司", "query": "kind=fund&region=shanghai"} | changes


# --- Actions ----------------------------------------------------------------------------------------------


def test_saving_and_deleting_leave_a_trace():
    user = UserFactory()
    view = save_view(page=PAGE, name="  我的  ", query="officer=me", by=user)
    assert (view.name, view.query, view.user) == ("我的", "officer=me", user)
    delete_view(view=view, by=user)
    assert not SavedView.objects.exists()
    assert list(AuditEvent.objects.filter(actor=user).order_by("pk").values_list("action", flat=True)) == [
        "saved_view.saved",
        "saved_view.deleted",
    ]


def test_a_name_is_taken_once_a_page_and_overwritten_on_request():
    user = UserFactory()
    view = save_view(page=PAGE, name="我的", query="officer=me", by=user)
    with pytest.raises(ValidationError) as caught:
        save_view(page=PAGE, name="我的", query="kind=fund", by=user)
    assert caught.value.code == "taken"
    view.refresh_from_db()
    assert view.query == "officer=me"
    save_view(page=PAGE, name="我的", query="kind=fund", overwrite=True, by=user)
    save_view(page=ListPage.SELF_ASSESSMENTS, name="我的", query="", by=user)
    save_view(page=PAGE, name="我的", query="", by=UserFactory())
    view.refresh_from_db()
    assert view.query == "kind=fund"


def test_there_is_a_limit_and_overwriting_stays_possible_at_it():
    user = UserFactory()
    for number in range(VIEWS_A_PAGE):
        save_view(page=PAGE, name=str(number), query="", by=user)
    with pytest.raises(ValidationError) as caught:
        save_view(page=PAGE, name="又一个", query="", by=user)
    assert caught.value.code == "too_many"
    save_view(page=PAGE, name="0", query="kind=fund", overwrite=True, by=user)
    assert SavedView.objects.filter(user=user).count() == VIEWS_A_PAGE


def test_a_view_without_a_name_is_refused():
    with pytest.raises(ValidationError):
        save_view(page=PAGE, name="  ", query="", by=UserFactory())


def test_nobody_deletes_anothers_view():
    view = save_view(page=PAGE, name="我的", query="", by=UserFactory())
    with pytest.raises(PermissionDenied):
        delete_view(view=view, by=UserFactory())


@pytest.mark.parametrize(
    ("query", "cleaned"),
    [
        ("kind=fund&after=1~2~3&next=//evil.example", "kind=fund"),
        ("region=shanghai&kind=fund", "kind=fund&region=shanghai"),
        ("kind=&region=", ""),
        ("kind", ""),
        ("%zz&&=&kind=fund", "kind=fund"),
    ],
)
def test_only_known_filters_survive(query, cleaned):
    assert clean_query(query, ["kind", "region"]) == cleaned


# --- Pages ------------------------------------------------------------------------------------------------


def test_a_view_is_saved_from_the_list_opened_and_deleted(client, supervisor):
    page = client.get(QUEUE + "?kind=fund&region=shanghai&after=x")
    assert 'value="kind=fund&amp;region=shanghai"' in page.text
    answer = client.post(SAVE, typed())
    assert answer.url == QUEUE + "?kind=fund&region=shanghai"
    page = client.get(answer.url)
    assert "已保存视图“上海的基金公司”" in page.text
    assert 'aria-current="true"' in page.text
    assert "保存当前筛选" not in page.text
    answer = client.post(reverse("accounts:delete_view", args=[SavedView.objects.get().pk]))
    assert answer.url == QUEUE
    assert not SavedView.objects.exists()


def test_the_list_without_filters_offers_nothing_to_save(client, supervisor):
    assert "保存当前筛选" not in client.get(QUEUE).text


def test_a_taken_name_can_be_overwritten_and_nothing_typed_is_lost(client, supervisor):
    client.post(SAVE, typed())
    answer = client.post(SAVE, typed(query="kind=core"))
    assert answer.status_code == 400
    assert "已有名为“上海的基金公司”的视图。" in answer.text
    assert 'value="kind=core"' in answer.text
    assert 'name="overwrite"' in answer.text
    assert client.post(SAVE, typed(query="kind=core", overwrite="on")).status_code == 302
    assert SavedView.objects.get().query == "kind=core"


@pytest.mark.parametrize("name", ["", "   ", "长" * 41, "a\x00b"])
def test_a_name_that_is_none_is_told_at_the_field(client, supervisor, name):
    answer = client.post(SAVE, typed(name=name))
    assert answer.status_code == 400
    assert "is-invalid" in answer.text
    assert 'name="overwrite"' not in answer.text
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("changes", [{"page": "https://evil.example"}, {"page": "home"}, {"query": "x" * 2001}])
def test_a_page_that_keeps_no_views_is_refused(client, supervisor, changes):
    """So that nobody is led anywhere but to the list."""
    assert client.post(SAVE, typed(**changes)).status_code == 400
    assert not SavedView.objects.exists()


def test_a_choice_that_is_gone_is_ignored_with_a_note(client, supervisor):
    save_view(page=PAGE, name="旧视图", query="region=atlantis&kind=fund&was_a_filter=1", by=supervisor)
    page = client.get(QUEUE)
    assert QUEUE + "?kind=fund&amp;region=atlantis" in page.text
    page = client.get(QUEUE + "?kind=fund&region=atlantis")
    assert "以下筛选条件已失效，未采用：地区。" in page.text
    assert "基金管理公司" in page.text


def test_views_are_ones_own(client, supervisor):
    other = member(AuthorityFactory(), Role.SUPERVISOR)
    view = save_view(page=PAGE, name="别人的视图", query="kind=fund", by=other)
    assert "别人的视图" not in client.get(QUEUE).text
    assert client.post(reverse("accounts:delete_view", args=[view.pk])).status_code == 404
    assert SavedView.objects.count() == 1


def test_the_list_of_self_assessments_has_views_too(client, supervisor):
    CycleFactory()
    page = reverse("assessments:list")
    answer = client.post(SAVE, typed(page="assessments:list", query="state=returned"))
    assert answer.url == page + "?state=returned"
    assert "上海的基金公司" in client.get(page).text


def test_an_institution_has_no_list_to_open(client):
    client.force_login(member(InstitutionFactory(), Role.CONTRIBUTOR))
    assert client.post(SAVE, typed()).status_code == 302
    assert client.get(QUEUE).status_code == 403


def test_the_number_of_views_costs_no_queries(client, supervisor):
    client.get(QUEUE)
    costs = []
    for name in ("一", "二", "三"):
        save_view(page=PAGE, name=name, query=f"kind=fund&x={name}", by=supervisor)
        with CaptureQueriesContext(connection) as queries:
            client.get(QUEUE)
        costs.append(len(queries))
    assert len(set(costs)) == 1
