"""Out of a digest by the link in the mail itself."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import AuditEvent
from portal.notices.enums import Channel, NoticeKind, Pace
from portal.notices.models import Delivery, Route
from portal.notices.unsubscribing import unsubscribe_token
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def url(person):
    return reverse("notices:unsubscribe", args=[unsubscribe_token(person)])


def test_digests_carry_the_link_and_other_mail_does_not(sink, person):
    Route.objects.create(user=person, channel=Channel.EMAIL, pace=Pace.DAILY)
    DeliveryFactory(notice__recipient=person)
    DeliveryFactory()
    assert deliver_mail() == 2
    digest, other = sorted(sink.received, key=lambda mail: mail["To"] != person.email)
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = digest["List-Unsubscribe"].strip().strip("<>")
    assert link.startswith("https://portal.example/inbox/unsubscribe/")
    assert other["List-Unsubscribe"] is None
    assert (
        Client().post(link.removeprefix("https://portal.example"), {"List-Unsubscribe": "One-Click"}).status_code == 204
    )


def test_a_mail_program_does_it_by_one_post(person, url):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 204
    assert Route.objects.get(user=person, channel=Channel.EMAIL).statutory_only
    assert AuditEvent.objects.get().actor == person


def test_a_person_sees_what_it_means_and_presses_a_button(client, person, url):
    Route.objects.create(user=person, channel=Channel.EMAIL, pace=Pace.WEEKLY)
    page = client.get(url).content.decode()
    assert "期限提醒和监管单位的要求依规定仍会发送" in page
    assert person.email in page
    assert not Route.objects.get().statutory_only, "a GET writes nothing"
    done = client.post(url).content.decode()
    assert "/inbox/settings/" in done
    assert Route.objects.get().statutory_only and Route.objects.get().pace == Pace.WEEKLY


def test_the_button_alone_needs_its_token(person, url):
    assert Client(enforce_csrf_checks=True).post(url).status_code == 403
    assert not Route.objects.exists()


@pytest.mark.parametrize("token", ["x", "MQ:1tXYZ:abc"])
def test_a_made_up_link_is_not_there(client, token):
    assert client.post(reverse("notices:unsubscribe", args=[token])).status_code == 404


def test_deadlines_still_come(person, url, sink):
    from portal.notices.actions import notify

    Client().post(url)
    for kind in (NoticeKind.ACCEPTED, NoticeKind.URGED):
        notify(recipients=[person], kind=kind, key=f"{kind}:1", path="/", data={"title": "x"})
    assert Delivery.objects.get().notice.kind == NoticeKind.URGED
