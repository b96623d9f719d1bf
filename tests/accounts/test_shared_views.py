"""Views shared with an authority: seen by its members, changed by who shared them and by its lead supervisors."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import add_member, delete_view, remove_member, rename_view, save_view
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, ListPage, Role
from portal.accounts.models import SavedView
from portal.audit.models import AuditEvent
from tests.explorer.pages import page_of, queries_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of

PAGE, LIST = ListPage.ASSIGNMENTS, page_of("assignments")
SAVE = reverse("accounts:save_view")


@pytest.fixture
def office(db):
    return AuthorityFactory()


@pytest.fixture
def owner(office):
    return member(office, Role.OBSERVER, name="王分享")


@pytest.fixture
def view(office, owner):
    return save_view(page=PAGE, name="逾期", query="overdue=1&column=state", authority=office, by=owner)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def changes_of(view) -> list[str]:
    return [reverse(f"accounts:{name}_view", args=[view.pk]) for name in ("rename", "delete")]


@pytest.mark.parametrize("role", AUTHORITY_ROLES)
def test_every_member_sees_it_and_who_may_change_it(office, view, role):
    client, may = signed_in(member(office, role)), role == Role.LEAD_SUPERVISOR
    page = client.get(LIST).text
    assert f'href="{LIST}?overdue=1&amp;column=state"' in page
    assert "由王分享共享" in page
    rename, delete = changes_of(view)
    assert (rename in page, delete in page) == (may, may)
    assert client.get(rename).status_code == (200 if may else 403)
    assert client.post(rename, {"name": "新名"}).status_code == (302 if may else 403)
    assert client.post(delete).status_code == (302 if may else 403)
    assert SavedView.objects.exists() != may


def test_its_owner_changes_it(office, owner, view):
    client = signed_in(owner)
    rename, delete = changes_of(view)
    assert client.post(rename, {"name": " 已逾期 "}).url == f"{LIST}?overdue=1&column=state"
    view.refresh_from_db()
    assert view.name == "已逾期"
    client.post(delete)
    events = AuditEvent.objects.filter(action__startswith="saved_view.").order_by("pk")
    assert [(event.action, event.data["authority"]) for event in events] == [
        ("saved_view.saved", office.pk),
        ("saved_view.renamed", office.pk),
        ("saved_view.deleted", office.pk),
    ]
    assert events[1].data["former"] == "逾期"


@pytest.mark.parametrize("role", [*AUTHORITY_ROLES, *INSTITUTION_ROLES])
def test_nobody_outside_of_the_authority_sees_it(view, role):
    body = AuthorityFactory() if role in AUTHORITY_ROLES else InstitutionFactory()
    client = signed_in(member(body, role))
    assert view.name not in client.get(reverse("assessments:list")).text
    if role in AUTHORITY_ROLES:
        assert "王分享" not in client.get(LIST).text
    for url in changes_of(view):
        assert client.post(url, {"name": "新名"}).status_code == 404
    assert SavedView.objects.get().name == "逾期"


def test_it_stays_with_the_authority_acted_for_and_when_its_owner_leaves(office, owner, view):
    elsewhere, lead = AuthorityFactory(), member(office, Role.LEAD_SUPERVISOR)
    add_member(user=owner, body=elsewhere, role=Role.LEAD_SUPERVISOR, by=None)
    client = signed_in(owner)
    client.post(reverse("accounts:act_for", args=[owner.memberships.get(authority=elsewhere).pk]))
    assert "逾期" not in [shown.view.name for shown in client.get(LIST).context["saved_views"].views]
    remove_member(membership=owner.memberships.get(authority=office), by=lead)
    with pytest.raises(PermissionDenied):
        rename_view(view=view, name="带走", by=owner)
    assert view.name in signed_in(lead).get(LIST).text
    delete_view(view=view, by=lead)


def test_a_name_stands_once_among_the_shared_and_leaves_private_ones_alone(office, owner, view):
    colleague, lead = member(office, Role.SUPERVISOR), member(office, Role.LEAD_SUPERVISOR)
    save_view(page=PAGE, name="逾期", query="late=30", by=owner)
    save_view(page=PAGE, name="逾期", query="late=60", by=colleague)
    save_view(page=ListPage.EVIDENCE, name="逾期", query="", authority=office, by=colleague)
    with pytest.raises(ValidationError) as caught:
        save_view(page=PAGE, name="逾期", query="late=9", overwrite=True, authority=office, by=colleague)
    assert caught.value.code == "others"
    with pytest.raises(ValidationError) as caught:
        save_view(page=PAGE, name="逾期", query="late=9", authority=office, by=lead)
    assert caught.value.code == "taken"
    save_view(page=PAGE, name="逾期", query="late=9", overwrite=True, authority=office, by=lead)
    view.refresh_from_db()
    assert (view.query, view.user) == ("late=9", owner)


def test_a_name_in_use_is_told_when_renaming(office, owner, view):
    other = save_view(page=PAGE, name="退回", query="state=returned", authority=office, by=owner)
    answer = signed_in(owner).post(reverse("accounts:rename_view", args=[other.pk]), {"name": "逾期"})
    assert answer.status_code == 400
    assert "已有名为“逾期”的视图。" in answer.text
    assert 'value="逾期"' in answer.text


def test_one_shares_with_the_body_one_acts_for_and_institutions_have_no_sharing(office, db):
    typed = {"page": PAGE.value, "name": "共享", "query": "overdue=1", "shared": "on"}
    signed_in(member(office, Role.SUPERVISOR)).post(SAVE, typed)
    assert SavedView.objects.get().authority == office
    signed_in(member(InstitutionFactory(), Role.CIO)).post(SAVE, typed | {"page": "assessments:list"})
    assert SavedView.objects.get(page="assessments:list").authority is None
    with pytest.raises(PermissionDenied):
        save_view(page=PAGE, name="外人", query="", authority=office, by=member(AuthorityFactory(), Role.SUPERVISOR))


def test_what_others_shared_is_said_at_the_name_and_cannot_be_overwritten(office, view):
    typed = {"page": PAGE.value, "name": "逾期", "query": "late=5", "shared": "on"}
    answer = signed_in(member(office, Role.SUPERVISOR)).post(SAVE, typed)
    assert answer.status_code == 400
    assert "由王分享共享。请换一个名称。" in answer.text
    assert 'name="overwrite"' not in answer.text


def test_a_view_whose_column_is_gone_shows_the_rest(office, owner):
    query = "overdue=1&column=state&column=was_a_column"
    save_view(page=PAGE, name="旧列", query=query, authority=office, by=owner)
    client = signed_in(owner)
    page = client.get(client.get(LIST).context["saved_views"].views[0].url)
    assert "以下列或排序已不存在，未采用：was_a_column" in page.text
    assert [head.label for head in page.context["heads"]] == ["状态"]


def test_more_views_cost_no_more_queries(office, owner, view):
    client = signed_in(owner)
    before = queries_of(client, LIST)
    for number in range(3):
        by = member(office, Role.SUPERVISOR)
        save_view(page=PAGE, name=f"视图{number}", query="", authority=office, by=by)
    assert queries_of(client, LIST) == before


@pytest.mark.django_db(transaction=True)
def test_two_who_share_at_once_under_one_name():
    office = AuthorityFactory()
    people, both = [member(office, Role.SUPERVISOR) for _ in range(2)], Barrier(2)

    def share(user) -> str:
        try:
            both.wait()
            save_view(page=PAGE, name="同名", query="", authority=membership_of(user).authority, by=user)
        except ValidationError as error:
            return error.code
        finally:
            connection.close()
        return "shared"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(share, people)) == ["others", "shared"]
