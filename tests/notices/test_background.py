"""Outcomes are written while the worker goes on, and each before the next message leaves."""

import pytest
from django.db import DatabaseError, connection
from psycopg.pq import TransactionStatus

from portal.notices.carriers import MailCarrier
from portal.notices.claims import Run
from portal.notices.enums import Channel, DeliveryState
from portal.notices.models import Delivery
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db(transaction=True)


def is_writing() -> bool:
    return connection.connection.info.transaction_status == TransactionStatus.ACTIVE


def test_an_outcome_is_on_its_way_while_the_next_is_made_and_written_before_that_leaves(sink, monkeypatch):
    seen = {"make": [], "send": []}
    for name, moments in seen.items():
        method = getattr(MailCarrier, name)
        monkeypatch.setattr(
            MailCarrier,
            name,
            lambda *values, method=method, moments=moments: moments.append(is_writing()) or method(*values),
        )
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 3
    assert seen == {"make": [False, True, True], "send": [False, False, False]}


def test_who_asks_the_database_meanwhile_waits_for_the_outcome(sink, monkeypatch):
    made, sent = MailCarrier.make, []

    def make(*values):
        sent.append(Delivery.objects.filter(state=DeliveryState.SENT).count())
        return made(*values)

    monkeypatch.setattr(MailCarrier, "make", make)
    for _ in range(3):
        DeliveryFactory()
    assert deliver_mail() == 3
    assert sent == [0, 1, 2]


def test_an_outcome_that_cannot_be_written_ends_the_run_which_gives_back_the_rest():
    DeliveryFactory()
    with pytest.raises(DatabaseError, match="bigint"), Run() as run:
        assert run.claim(Channel.EMAIL)
        run.background.execute("{no number}", str(run.number), "", "", "")
    row = Delivery.objects.get()
    assert (row.state, row.claimed_by, row.attempts) == (DeliveryState.PENDING, None, 0)
    assert deliver_mail() == 1
