"""The operator's page, and the same figures for monitoring."""

import datetime
import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import AuthorityKind, Role
from portal.audit.models import AuditEvent
from portal.notices import outbox as figures
from portal.notices.enums import Channel, DeliveryState, Needless
from portal.notices.models import Delivery
from portal.notices.outbox import calendar_is_short, outbox
from portal.working_days import KNOWN_UNTIL
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.notices import DeliveryFactory

pytestmark = pytest.mark.django_db
URL = "/inbox/operations/"


@pytest.fixture
def operator(client):
    person = member(AuthorityFactory(kind=AuthorityKind.HEADQUARTERS), Role.LEAD_SUPERVISOR)
    client.force_login(person)
    return person


def parked(**values) -> Delivery:
    return DeliveryFactory(state=DeliveryState.PARKED, attempts=8, last_error="550 no such person", **values)


def bounced() -> Delivery:
    now = timezone.now()
    return DeliveryFactory(state=DeliveryState.BOUNCED, sent_at=now, bounced_at=now, last_error="5.1.1 gone")


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (AuthorityKind.HEADQUARTERS, Role.SUPERVISOR),
        (AuthorityKind.HEADQUARTERS, Role.OBSERVER),
        (AuthorityKind.REGIONAL_OFFICE, Role.LEAD_SUPERVISOR),
        (AuthorityKind.ASSOCIATION, Role.LEAD_SUPERVISOR),
        (None, Role.LIAISON),
        (None, Role.CIO),
    ],
)
def test_only_headquarters_lead_supervisors_see_it(client, kind, role):
    client.force_login(member(AuthorityFactory(kind=kind) if kind else InstitutionFactory(), role))
    row = parked()
    assert client.get(URL).status_code == 403
    assert client.post(reverse("notices:try_again")).status_code == 403
    row.refresh_from_db()
    assert row.state == DeliveryState.PARKED
    assert URL not in client.get("/inbox/").content.decode()


def test_what_failed_is_listed_without_its_contents(client, operator):
    row, other = parked(), bounced()
    page = client.get(URL).content.decode()
    for words in (row.notice.recipient.name, row.notice.institution.name, row.notice.subject, row.last_error):
        assert words in page
    assert row.notice.body not in page
    assert other.notice.recipient.name not in page
    page = client.get(URL, {"state": "bounced"}).content.decode()
    assert other.notice.recipient.name in page and row.notice.recipient.name not in page
    assert URL in client.get("/inbox/").content.decode()


def test_the_list_goes_on_by_pages(client, operator):
    rows = [parked() for _ in range(31)]
    page = client.get(URL)
    assert len(page.context["deliveries"]) == 30
    page = client.get(URL, {"after": page.context["next_cursor"]})
    assert [row.pk for row in page.context["deliveries"]] == [rows[0].pk]


def test_the_page_costs_the_same_for_many(client, operator, django_assert_max_num_queries):
    counts = []
    for _ in range(2):
        parked()
        with django_assert_max_num_queries(40) as captured:
            client.get(URL)
        counts.append(len(captured))
        for _ in range(3):
            parked(), DeliveryFactory(), DeliveryFactory(channel=Channel.WECOM)
    assert counts[0] == counts[1]


def test_figures():
    now = timezone.now()
    DeliveryFactory(next_attempt_at=now - datetime.timedelta(hours=2))
    DeliveryFactory(next_attempt_at=now - datetime.timedelta(hours=1))
    DeliveryFactory(channel=Channel.WECOM, next_attempt_at=now + datetime.timedelta(hours=1))
    DeliveryFactory(claimed_by=7)
    DeliveryFactory(state=DeliveryState.SENT, sent_at=now)
    DeliveryFactory(state=DeliveryState.SENT, sent_at=now - datetime.timedelta(days=2))
    parked(), bounced()
    said = outbox()
    mail, wecom = said.queues[:2]
    assert (mail.due, mail.later, mail.oldest) == (2, 0, now - datetime.timedelta(hours=2))
    assert (wecom.due, wecom.later, wecom.oldest) == (0, 1, None)
    assert (said.in_hand, said.sent_today, said.parked, said.bounced) == (1, 2, 1, 1)
    out = io.StringIO()
    call_command("outbox", "--json", stdout=out)
    assert json.loads(out.getvalue())["queues"][0]["due"] == 2
    call_command("outbox", stdout=out)
    assert "email: 2 due" in out.getvalue()


def test_one_is_tried_again_or_all(client, operator):
    rows = [parked(), parked(), parked()]
    other = bounced()
    client.post(reverse("notices:try_again"), {"delivery": rows[0].pk})
    states = lambda: list(Delivery.objects.order_by("pk").values_list("state", "attempts"))  # noqa: E731
    again, still = (DeliveryState.PENDING, 0), (DeliveryState.PARKED, 8)
    assert states()[:3] == [again, still, still]
    client.post(reverse("notices:try_again"))
    assert states()[:3] == [again, again, again]
    other.refresh_from_db()
    assert other.state == DeliveryState.BOUNCED
    events = AuditEvent.objects.filter(action="notices.tried_again").order_by("pk")
    assert [(event.actor, event.data["deliveries"]) for event in events] == [(operator, 1), (operator, 2)]


def test_what_is_parked_no_more_is_said_so(client, operator):
    row = DeliveryFactory()
    page = client.post(reverse("notices:try_again"), {"delivery": row.pk}, follow=True)
    assert "已不在发送失败之列" in page.content.decode()


def test_our_own_reasons_are_told_in_the_readers_words(client, operator):
    parked()
    Delivery.objects.update(last_error=Needless.WORKER_DIED)
    assert "每次发送时进程都中断了" in client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("day", "is_short"),
    [
        (datetime.date(KNOWN_UNTIL, 11, 30), False),
        (datetime.date(KNOWN_UNTIL, 12, 1), True),
        (datetime.date(KNOWN_UNTIL + 1, 1, 1), True),
        (datetime.date(KNOWN_UNTIL - 1, 12, 31), False),
    ],
)
def test_estimated_days_are_warned_of(day, is_short):
    assert calendar_is_short(day) is is_short


def test_the_warning_stands_on_the_page(client, operator, monkeypatch):
    monkeypatch.setattr(figures, "KNOWN_UNTIL", 2020)
    assert "节假日数据只到 2020 年" in client.get(URL).content.decode()
