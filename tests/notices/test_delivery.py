"""Every mail goes to a real SMTP server."""

import datetime
import socket
import threading

import pytest
from django.db import connection
from django.utils import timezone

from portal.notices import claims, delivery
from portal.notices.enums import DeliveryState
from portal.notices.models import Delivery
from portal.notices.outcomes import DELAYS, MAX_ATTEMPTS
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory, NoticeFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db


def make_due(rows=None) -> None:
    (rows or Delivery.objects).update(next_attempt_at=timezone.now())


def the_only() -> Delivery:
    return Delivery.objects.get()


def test_all_that_a_person_is_told_comes_in_one_mail(sink):
    person = UserFactory()
    deliveries = [DeliveryFactory(notice__recipient=person) for _ in range(3)]
    assert deliver_mail() == 1
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
    assert [deliver_mail(), deliver_mail()] == [1, 0]
    assert len(sink.received) == 1


def test_each_person_gets_their_own_mail(sink):
    rows = [DeliveryFactory() for _ in range(3)]
    assert deliver_mail() == 3
    assert sink.recipients == sorted(row.notice.recipient.email for row in rows)


def test_what_is_not_yet_due_waits(sink):
    DeliveryFactory(next_attempt_at=timezone.now() + datetime.timedelta(minutes=5))
    assert deliver_mail() == 0
    assert the_only().attempts == 0


def test_thousands_come_in_one_mail_that_names_the_most_urgent(sink):
    person = UserFactory()
    notices = NoticeFactory.build_batch(1203, recipient=person, institution=None, kind="returned")
    for number, notice in enumerate(notices):
        notice.key, notice.data["title"] = f"returned:{number}", f"任务甲{number}乙"
        notice.data["days"] = -number
    Delivery.objects.bulk_create(Delivery(notice=row) for row in type(notices[0]).objects.bulk_create(notices))
    assert deliver_mail() == 1
    (received,) = sink.received
    text = received.get_body(("plain",)).get_content()
    assert "您有 1203 条新通知" in received["Subject"]
    assert "任务甲1202乙" in text and "任务甲1153乙" in text and "任务甲1152乙" not in text
    assert "另有 1153 条，见收件箱：\nhttps://portal.example/inbox/" in text
    assert set(Delivery.objects.values_list("state", "message_id")) == {(DeliveryState.SENT, received["Message-ID"])}


def test_the_proof_says_whither_under_which_name_and_what_the_server_answered(sink):
    sink.says = "250 2.0.0 OK queued as 4XyZ"
    row = DeliveryFactory()
    assert deliver_mail() == 1
    row.refresh_from_db()
    assert row.answer == "250 2.0.0 OK queued as 4XyZ"
    assert row.address == row.notice.recipient.email
    assert row.message_id == sink.received[0]["Message-ID"]
    assert row.message_id.endswith("@portal.example>")


def test_what_is_sent_again_has_the_same_message_id(sink):
    DeliveryFactory()
    deliver_mail()
    Delivery.objects.update(state=DeliveryState.PENDING, sent_at=None)
    deliver_mail()
    first, second = sink.received
    assert first["Message-ID"] == second["Message-ID"]


# --- Trouble ----------------------------------------------------------------------------------------------


def test_a_recipient_refused_for_good_is_parked_and_others_get_theirs(sink):
    refused, other = DeliveryFactory(), DeliveryFactory()
    sink.answers[refused.notice.recipient.email] = "550 no such person"
    assert deliver_mail() == 1
    refused.refresh_from_db()
    assert refused.state == DeliveryState.PARKED
    assert refused.last_error == "550 no such person"
    assert refused.sent_at is None
    assert sink.recipients == [other.notice.recipient.email]


def test_a_recipient_refused_for_now_is_tried_again(sink):
    row = DeliveryFactory()
    sink.answers[row.notice.recipient.email] = "451 try later"
    before = timezone.now()
    assert deliver_mail() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1)
    assert before + DELAYS[0] <= row.next_attempt_at <= timezone.now() + DELAYS[0]
    sink.answers.clear()
    assert deliver_mail() == 0
    make_due()
    assert deliver_mail() == 1
    assert the_only().last_error == ""


def test_the_delays_grow_up_to_a_ceiling_and_then_the_row_is_parked(sink):
    row = DeliveryFactory()
    sink.answers[row.notice.recipient.email] = "451 try later"
    waits = []
    for _ in range(MAX_ATTEMPTS):
        make_due()
        deliver_mail()
        waits.append((the_only().next_attempt_at - timezone.now()).total_seconds())
    assert waits[:-1] == pytest.approx([delay.total_seconds() for delay in DELAYS], abs=5)
    assert the_only().state == DeliveryState.PARKED
    assert "try later" in the_only().last_error
    make_due()
    assert deliver_mail() == 0
    assert the_only().attempts == MAX_ATTEMPTS


def test_a_connection_that_breaks_loses_nothing(sink):
    for _ in range(3):
        DeliveryFactory()
    sink.hang_ups = 1
    assert deliver_mail() == 2
    broken = Delivery.objects.get(state=DeliveryState.PENDING)
    assert broken.last_error.startswith("SMTPServerDisconnected")
    make_due()
    assert deliver_mail() == 1
    assert len(set(sink.recipients)) == len(sink.recipients) == 3


def test_a_server_that_is_gone_costs_no_attempt(smtp_settings, caplog):
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 0
    assert set(Delivery.objects.values_list("state", "attempts", "claimed_by")) == {(DeliveryState.PENDING, 0, None)}
    assert "Nothing can be sent" in caplog.text


def test_a_server_that_hangs_up_at_once_loses_nothing(smtp_settings):
    DeliveryFactory()
    with socket.create_server(("127.0.0.1", smtp_settings.EMAIL_PORT)) as server:
        caller = threading.Thread(target=lambda: server.accept()[0].close())
        caller.start()
        assert deliver_mail() == 0
        caller.join()
    assert (the_only().state, the_only().attempts) == (DeliveryState.PENDING, 0)


def test_a_message_that_cannot_be_made_keeps_no_other(sink, caplog):
    broken, whole = DeliveryFactory(), DeliveryFactory()
    type(broken.notice).objects.filter(pk=broken.notice_id).update(data={"deadline": "soon"})
    assert deliver_mail() == 1
    broken.refresh_from_db()
    assert (broken.state, broken.attempts) == (DeliveryState.PENDING, 1)
    assert "ValueError" in broken.last_error
    assert sink.recipients == [whole.notice.recipient.email]


def test_what_time_was_too_short_for_is_given_back(sink, monkeypatch):
    monkeypatch.setattr(delivery, "RUN_SECONDS", 0)
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 1
    assert sorted(Delivery.objects.values_list("state", "attempts", "claimed_by")) == [
        (DeliveryState.PENDING, 0, None),
        (DeliveryState.PENDING, 0, None),
        (DeliveryState.SENT, 1, None),
    ]


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b.example\nBcc: everybody@b.example", "a@b.example, c@b.example", "a＠b.example", "a@ｂ.example"],
)
def test_what_is_no_address_never_reaches_a_header(sink, address):
    row = DeliveryFactory()
    person = row.notice.recipient
    type(person).objects.filter(pk=person.pk).update(email=address)
    assert deliver_mail() == 0
    assert the_only().state == DeliveryState.PARKED
    assert sink.received == []


def test_a_title_of_several_lines_stays_in_its_header(sink):
    row = DeliveryFactory()
    row.notice.data["title"] = "任务\r\nBcc: everybody@b.example"
    row.notice.save()
    assert deliver_mail() == 1
    assert sink.received[0]["Bcc"] is None
    assert "任务 Bcc: everybody@b.example" in sink.received[0]["Subject"]


def test_people_who_left_get_no_mail(sink):
    DeliveryFactory(notice__recipient__is_active=False)
    assert deliver_mail() == 0
    assert the_only().state == DeliveryState.PARKED


# --- Several workers --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_mail_once(sink, monkeypatch):
    monkeypatch.setattr(claims, "FRESH", 3)
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
            counts.append(deliver_mail())
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
