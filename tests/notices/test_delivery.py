"""Every mail goes to a real SMTP server."""

import datetime
import threading

import pytest
from django.db import connection
from django.utils import timezone

from portal.notices import delivery
from portal.notices.delivery import DELAYS, LEASE, MAX_ATTEMPTS, deliver_due
from portal.notices.enums import DeliveryState
from portal.notices.models import Delivery
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory

pytestmark = pytest.mark.django_db


def make_due(rows=None) -> None:
    (rows or Delivery.objects).update(next_attempt_at=timezone.now())


def the_only() -> Delivery:
    return Delivery.objects.get()


def test_all_that_a_person_is_told_comes_in_one_mail(sink):
    person = UserFactory()
    deliveries = [DeliveryFactory(notice__recipient=person) for _ in range(3)]
    assert deliver_due() == 1
    assert sink.recipients == [person.email]
    text = sink.received[0].get_body(("plain",)).get_content()
    for row in deliveries:
        assert row.notice.subject in text
        assert f"https://portal.example{row.notice.path}" in text.split()
        row.refresh_from_db()
        assert (row.state, row.attempts, row.last_error) == (DeliveryState.SENT, 1, "")
        assert row.sent_at <= timezone.now()


def test_a_second_run_sends_nothing(sink):
    DeliveryFactory()
    assert [deliver_due(), deliver_due()] == [1, 0]
    assert len(sink.received) == 1


def test_each_person_gets_their_own_mail(sink):
    rows = [DeliveryFactory() for _ in range(3)]
    assert deliver_due() == 3
    assert sink.recipients == sorted(row.notice.recipient.email for row in rows)


def test_what_is_not_yet_due_waits(sink):
    DeliveryFactory(next_attempt_at=timezone.now() + datetime.timedelta(minutes=5))
    assert deliver_due() == 0
    assert the_only().attempts == 0


def test_more_than_fits_in_one_mail_goes_in_the_next(sink, monkeypatch):
    monkeypatch.setattr(delivery, "NOTICES_A_MAIL", 2)
    person = UserFactory()
    for _ in range(3):
        DeliveryFactory(notice__recipient=person)
    assert deliver_due() == 2
    assert Delivery.objects.filter(state=DeliveryState.SENT).count() == 3


# --- Trouble ----------------------------------------------------------------------------------------------


def test_a_recipient_refused_for_good_is_parked_and_others_get_theirs(sink):
    refused, other = DeliveryFactory(), DeliveryFactory()
    sink.answers[refused.notice.recipient.email] = "550 no such person"
    assert deliver_due() == 1
    refused.refresh_from_db()
    assert refused.state == DeliveryState.PARKED
    assert "no such person" in refused.last_error
    assert refused.sent_at is None
    assert sink.recipients == [other.notice.recipient.email]


def test_a_recipient_refused_for_now_is_tried_again(sink):
    row = DeliveryFactory()
    sink.answers[row.notice.recipient.email] = "451 try later"
    before = timezone.now()
    assert deliver_due() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1)
    assert before + DELAYS[0] <= row.next_attempt_at <= timezone.now() + DELAYS[0]
    sink.answers.clear()
    assert deliver_due() == 0
    make_due()
    assert deliver_due() == 1
    assert the_only().last_error == ""


def test_the_delays_grow_up_to_a_ceiling_and_then_the_row_is_parked(sink):
    row = DeliveryFactory()
    sink.answers[row.notice.recipient.email] = "451 try later"
    waits = []
    for _ in range(MAX_ATTEMPTS):
        make_due()
        deliver_due()
        waits.append((the_only().next_attempt_at - timezone.now()).total_seconds())
    assert waits[:-1] == pytest.approx([delay.total_seconds() for delay in DELAYS], abs=5)
    assert the_only().state == DeliveryState.PARKED
    assert "try later" in the_only().last_error
    make_due()
    assert deliver_due() == 0
    assert the_only().attempts == MAX_ATTEMPTS


def test_a_connection_that_breaks_loses_nothing(sink):
    for _ in range(3):
        DeliveryFactory()
    sink.hang_ups = 1
    assert deliver_due() == 2
    broken = Delivery.objects.get(state=DeliveryState.PENDING)
    assert broken.last_error.startswith("SMTPServerDisconnected")
    make_due()
    assert deliver_due() == 1
    assert len(set(sink.recipients)) == len(sink.recipients) == 3


def test_a_server_that_is_gone_costs_one_attempt_of_one_mail(smtp_settings, caplog):
    for _ in range(3):
        DeliveryFactory()
    assert deliver_due() == 0
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.PENDING}
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert "cannot be reached" in caplog.text


def test_what_a_killed_worker_held_is_sent_by_the_next(sink):
    DeliveryFactory()
    assert len(delivery._claim_person()) == 1
    assert deliver_due() == 0
    held = the_only()
    assert held.next_attempt_at > timezone.now() + LEASE - datetime.timedelta(minutes=1)
    make_due()
    assert deliver_due() == 1


def test_a_mail_that_kills_every_worker_is_given_up(sink):
    DeliveryFactory()
    for _ in range(MAX_ATTEMPTS):
        assert delivery._claim_person()
        make_due()
    assert deliver_due() == 0
    assert the_only().state == DeliveryState.PARKED


def test_a_slow_worker_does_not_undo_what_another_settled(sink):
    DeliveryFactory()
    slow = delivery._claim_person()
    make_due()
    assert deliver_due() == 1
    delivery._failed(slow, TimeoutError("too late"))
    assert the_only().state == DeliveryState.SENT


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example\nBcc: everybody@b.example", "a@b.example, c@b.example"])
def test_what_is_no_address_never_reaches_a_header(sink, address):
    row = DeliveryFactory()
    person = row.notice.recipient
    type(person).objects.filter(pk=person.pk).update(email=address)
    assert deliver_due() == 0
    assert the_only().state == DeliveryState.PARKED
    assert sink.received == []


def test_a_title_of_several_lines_stays_in_its_header(sink):
    row = DeliveryFactory()
    row.notice.data["title"] = "任务\r\nBcc: everybody@b.example"
    row.notice.save()
    assert deliver_due() == 1
    assert sink.received[0]["Bcc"] is None
    assert "任务 Bcc: everybody@b.example" in sink.received[0]["Subject"]


def test_people_who_left_get_no_mail(sink):
    DeliveryFactory(notice__recipient__is_active=False)
    assert deliver_due() == 0
    assert the_only().state == DeliveryState.PARKED


# --- Several workers --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_mail_once(sink):
    sink.seconds_a_mail = 0.02
    people = [UserFactory() for _ in range(20)]
    for _ in range(3):
        for person in people:
            DeliveryFactory(notice__recipient=person)
    start = threading.Barrier(4)
    counts = []

    def work():
        try:
            start.wait()
            counts.append(deliver_due())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sink.recipients == sorted(person.email for person in people)
    assert sum(counts) == 20
    assert sum(count > 0 for count in counts) > 1
    assert set(Delivery.objects.values_list("state", "attempts")) == {(DeliveryState.SENT, 1)}
