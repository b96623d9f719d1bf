"""What stands around every page: navigation, body switcher, banners."""

import pytest
from django.urls import reverse

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.notices.models import Notice
from portal.shell.navigation import entries
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import PlanFactory

pytestmark = pytest.mark.django_db
PAGE = "/components/"


def labels(user, path="/"):
    return [str(entry.label) for entry in entries(membership_of(user), path)]


@pytest.mark.parametrize("role", [Role.LIAISON, Role.CONTRIBUTOR, Role.CIO])
def test_the_places_of_an_institution(role):
    places = labels(member(InstitutionFactory(), role))
    assert "审核" not in places
    assert len(places) <= 7


@pytest.mark.parametrize("role", [Role.LIAISON, Role.CONTRIBUTOR, Role.CIO])
def test_only_a_liaison_is_led_to_the_people(client, role):
    client.force_login(member(InstitutionFactory(), role))
    page = client.get(reverse("home")).content.decode()
    assert (reverse("accounts:people") in page) == (role == Role.LIAISON)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_those_who_review_are_led_to_the_queue(role):
    places = labels(member(AuthorityFactory(), role))
    assert ("审核" in places) == (role != Role.OBSERVER)
    assert "证明材料" not in places
    assert len(places) <= 7


def test_a_page_below_an_entry_marks_that_entry_only():
    membership = membership_of(member(InstitutionFactory(), Role.LIAISON))
    below = reverse("plan:list") + "something/"
    assert [str(entry.label) for entry in entries(membership, below) if entry.active] == ["计划"]
    assert [str(entry.label) for entry in entries(membership, reverse("home")) if entry.active] == ["首页"]
    assert not [entry for entry in entries(membership, "/elsewhere/") if entry.active]


def test_the_switcher_offers_the_other_body(client):
    user = member(InstitutionFactory(), Role.CIO)
    client.force_login(user)
    assert "切换所代表的单位" not in client.get(PAGE).content.decode()
    other = InstitutionFactory(name="另一家证券有限公司")
    actions.add_member(user=user, body=other, role=Role.CONTRIBUTOR, by=None)
    assert "另一家证券有限公司" in client.get(PAGE).content.decode()


def test_unread_notices_are_counted_up_to_99(client):
    user = member(InstitutionFactory(), Role.CIO)
    client.force_login(user)
    Notice.objects.bulk_create(Notice(recipient=user, kind="returned", key=f"k{n}") for n in range(120))
    assert "99+" in client.get(PAGE).content.decode()
    Notice.objects.all().delete()
    assert "count-dot" not in client.get(PAGE).content.decode()


def test_a_shifted_plan_is_called_demo_data_on_every_page(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    PlanFactory(shift_years=0)
    assert "演示数据" not in client.get(PAGE).content.decode()
    PlanFactory(shift_years=10)
    page = client.get(PAGE).content.decode()
    assert "演示数据" in page
    assert "后移 10 年" in page


def test_a_lost_broker_is_announced(client, monkeypatch):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert "报告和邮件将会延迟" not in client.get(PAGE).content.decode()
    monkeypatch.setattr("portal.shell.context_processors.broker_alive", lambda: False)
    assert "报告和邮件将会延迟" in client.get(PAGE).content.decode()
