"""Outcomes are written while the worker goes on, and each before the next message leaves."""

import pytest
from django.db import DatabaseError, connection
from psycopg.pq import TransactionStatus

from portal.accounts.models import User
from portal.notices import carriers, smtp
from portal.notices.claims import Run
from portal.notices.enums import Channel, DeliveryState, Needless
from portal.notices.models import Delivery
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db(transaction=True)


def is_writing() -> bool:
    return connection.connection.info.transaction_status == TransactionStatus.ACTIVE


def test_an_outcome_is_on_its_way_while_the_next_is_made_and_written_before_that_leaves(sink, monkeypatch):
    seen = []

    def watch(owner, name):
        method = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *values, **options: seen.append((name, is_writing())) or method(*values, **options)
        )

    watch(carriers, "notices_mail")
    watch(smtp, "stuffed")
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 3
    assert seen == [
        ("notices_mail", False),
        ("notices_mail", False),
        ("stuffed", False),
        ("notices_mail", True),
        ("stuffed", False),
        ("stuffed", False),
    ]


def test_a_letter_that_cannot_be_made_ahead_says_so_in_its_turn(sink):
    first, wrong, last = (DeliveryFactory() for _ in range(3))
    User.objects.filter(pk=wrong.notice.recipient_id).update(email="ｗｒｏｎｇ@test.example")
    assert deliver_mail() == 2
    assert sink.recipients == sorted(row.notice.recipient.email for row in (first, last))
    wrong.refresh_from_db()
    assert (wrong.state, wrong.last_error) == (DeliveryState.PARKED, Needless.FULL_WIDTH)


def test_who_asks_the_database_meanwhile_waits_for_the_outcome(sink, monkeypatch):
    made, sent = carriers.notices_mail, []

    def make(*values, **options):
        sent.append(Delivery.objects.filter(state=DeliveryState.SENT).count())
        return made(*values, **options)

    monkeypatch.setattr(carriers, "notices_mail", make)
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 3
    assert sent == [0, 0, 1]


def test_an_outcome_that_cannot_be_written_ends_the_run_which_gives_back_the_rest():
    DeliveryFactory()
    with pytest.raises(DatabaseError, match="bigint"), Run() as run:
        assert run.claim(Channel.EMAIL)
        run.background.execute("{no number}", str(run.number), "", "", "")
    row = Delivery.objects.get()
    assert (row.state, row.claimed_by, row.attempts) == (DeliveryState.PENDING, None, 0)
    assert deliver_mail() == 1
