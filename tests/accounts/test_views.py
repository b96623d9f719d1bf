import re

import pytest
from django.core import mail
from django.urls import reverse

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.accounts.models import Invitation
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-passphrase"


@pytest.fixture
def own():
    return InstitutionFactory()


@pytest.fixture
def liaison(client, own):
    user = member(own, Role.LIAISON)
    client.force_login(user)
    return user


def test_the_liaison_sees_and_removes_people(client, own, liaison):
    other = member(own, Role.CONTRIBUTOR, name="张三")
    page = client.get(reverse("accounts:people"))
    assert "张三" in page.content.decode()
    url = reverse("accounts:remove_member", args=[membership_of(other).pk])
    assert client.get(url).status_code == 200
    assert membership_of(other).is_active
    client.post(url)
    assert not membership_of(other).is_active


def test_another_institutions_people_are_not_there(client, liaison):
    stranger = member(InstitutionFactory(), Role.CONTRIBUTOR, name="李四")
    assert "李四" not in client.get(reverse("accounts:people")).content.decode()
    assert client.post(reverse("accounts:remove_member", args=[membership_of(stranger).pk])).status_code == 404
    assert membership_of(stranger).is_active


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.CIO])
def test_people_are_the_liaisons(client, own, role):
    client.force_login(member(own, role))
    assert client.get(reverse("accounts:people")).status_code == 403


def test_an_invitation_leads_to_an_account(client, own, liaison):
    client.post(reverse("accounts:people"), {"name": "王五", "email": "wang@test.example", "role": Role.CIO})
    deliver_mail()
    [message] = mail.outbox
    assert message.to == ["wang@test.example"]
    path = re.search(r"https?://[^/]+(/invitations/\S+)", message.body)[1]
    client.logout()
    assert "王五" not in client.get("/invitations/wrong/").content.decode()
    page = client.get(path)
    assert own.name in page.content.decode()
    wrong = client.post(path, {"password": "short", "repeated": "short"})
    assert wrong.status_code == 400
    answer = client.post(path, {"password": PASSWORD, "repeated": PASSWORD})
    assert answer.status_code == 302
    assert client.get(reverse("accounts:settings")).status_code == 200
    assert client.get(path).status_code == 404


def test_an_invitation_can_be_revoked(client, own, liaison):
    invitation, token = actions.invite(email="a@test.example", name="甲", body=own, role=Role.CIO, by=liaison)
    client.post(reverse("accounts:revoke_invitation", args=[invitation.pk]))
    assert not Invitation.objects.open()
    assert client.get(reverse("accounts:invitation", args=[token])).status_code == 404


def test_a_member_is_not_invited_again(client, own, liaison):
    other = member(own, Role.CIO)
    page = client.post(reverse("accounts:people"), {"name": "甲", "email": other.email, "role": Role.CIO})
    assert page.status_code == 400
    assert "已在本单位" in page.content.decode()
    assert not Invitation.objects.exists()


def test_one_switches_between_ones_own_bodies_only(client, own, liaison):
    second = InstitutionFactory()
    actions.add_member(user=liaison, body=second, role=Role.CIO, by=None)
    mine = liaison.memberships.get(institution=second)
    strangers = membership_of(member(InstitutionFactory(), Role.CIO))
    client.post(reverse("accounts:act_for", args=[mine.pk]))
    assert client.session["acting_membership"] == mine.pk
    assert client.post(reverse("accounts:act_for", args=[strangers.pk])).status_code == 404


def test_a_supervisor_opens_institutions_in_scope(client, own):
    outside = InstitutionFactory(kind="futures", name="示例期货")
    client.force_login(member(AuthorityFactory(kinds=["securities"]), Role.OBSERVER))
    answer = client.get(reverse("accounts:institutions"), {"q": own.credit_code[:12], "kind": "securities"})
    assert answer.url == f"{reverse('explorer:institutions')}?q={own.credit_code[:12]}&kind=securities"
    assert client.get(reverse("profile:institution", args=[own.pk])).status_code == 200
    assert client.get(reverse("profile:institution", args=[outside.pk])).status_code == 404
    assert own.name in client.get(reverse("accounts:institution_options"), {"q": "示例"}).content.decode()


def test_settings_change_name_and_language(client, liaison):
    client.post(reverse("accounts:settings"), {"name": "新名", "language": "en"})
    liaison.refresh_from_db()
    assert (liaison.name, liaison.language) == ("新名", "en")
    assert client.cookies["django_language"].value == "en"


def test_pages_are_chinese_until_the_reader_chooses(client):
    english = {"HTTP_ACCEPT_LANGUAGE": "en-GB,en"}
    assert 'lang="zh-hans"' in client.get(reverse("account_login"), **english).content.decode()
    client.cookies["django_language"] = "en"
    assert 'lang="en"' in client.get(reverse("account_login")).content.decode()
    client.cookies["django_language"] = "xx"
    assert 'lang="zh-hans"' in client.get(reverse("account_login")).content.decode()


def test_signing_in_brings_ones_language_unless_the_browser_has_one(client, own):
    user = member(own, Role.CIO, language="en")
    user.set_password(PASSWORD)
    user.save()
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.cookies["django_language"].value == "en"
    client.logout()
    client.cookies["django_language"] = "zh-hans"
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.cookies["django_language"].value == "zh-hans"
