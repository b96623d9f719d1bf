"""Workers that die: real processes, real kills. Nothing is lost, and at most the mail in flight comes twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from portal.notices.claims import Run, release_abandoned
from portal.notices.enums import Channel, DeliveryState, Needless
from portal.notices.models import Delivery
from portal.notices.outcomes import MAX_ATTEMPTS
from tests.databases import address_of
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
DELIVER = "import django; django.setup(); from portal.notices.jobs import deliver_notices; deliver_notices()"
# A message that its process does not outlive, as when it makes it run out of memory.
DELIVER_WITH_POISON = """
import os, signal, django
django.setup()
from portal.notices import carriers
from portal.notices.jobs import deliver_notices
made = carriers.notices_mail
def make(notices, **options):
    if notices[0].recipient.email == os.environ["POISON"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return made(notices, **options)
carriers.notices_mail = make
deliver_notices()
"""


@pytest.fixture
def start(smtp_settings):
    """Start a worker's process that delivers once."""
    started = []

    def run(code: str = DELIVER, **variables: str) -> subprocess.Popen:
        environment = {
            **os.environ,
            "DATABASE_URL": address_of(connection.settings_dict["NAME"]),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_settings.EMAIL_PORT}",
            **variables,
        }
        started.append(subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def is_released() -> bool:
    release_abandoned()
    return not Delivery.objects.exclude(claimed_by=None).exists()


def test_a_killed_worker_loses_nothing_and_sends_one_mail_twice_at_most(sink, start):
    for _ in range(20):
        DeliveryFactory()
    sink.seconds_a_mail = 0.1
    worker = start()
    wait_until(lambda: len(sink.received) > 2)
    release_abandoned()
    assert Delivery.objects.exclude(claimed_by=None).exists(), "what a living worker holds is its own"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_until(is_released)
    deliver_mail()
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}
    times = Counter(sink.recipients)
    assert len(times) == 20
    assert sum(times.values()) <= 21


def test_a_worker_whose_connection_was_cut_is_as_good_as_dead(sink, start):
    for _ in range(10):
        DeliveryFactory()
    sink.seconds_a_mail = 0.1
    worker = start()
    wait_until(lambda: len(sink.received) > 2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert worker.wait(30) != 0
    wait_until(is_released)
    deliver_mail()
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}
    assert sum(Counter(sink.recipients).values()) <= 11


def test_a_message_that_kills_its_worker_takes_no_other_with_it(sink, start):
    others = [UserFactory(email=f"other{number}@test.example") for number in range(5)]
    poisoned = UserFactory(email="poison@test.example")
    for person in [*others[:2], poisoned, *others[2:]]:
        DeliveryFactory(notice__recipient=person)
    runs = 0
    while Delivery.objects.filter(state=DeliveryState.PENDING).exists():
        runs += 1
        assert runs <= MAX_ATTEMPTS + 1
        start(DELIVER_WITH_POISON, POISON=poisoned.email).wait(60)
        wait_until(is_released)
    assert sink.recipients == sorted(person.email for person in others)
    parked = Delivery.objects.get(notice__recipient=poisoned)
    assert (parked.state, parked.attempts, parked.last_error) == (
        DeliveryState.PARKED,
        MAX_ATTEMPTS,
        Needless.WORKER_DIED,
    )
    assert max(Delivery.objects.exclude(pk=parked.pk).values_list("attempts", flat=True)) <= 2


def test_what_was_tried_goes_alone_and_new_things_go_first(smtp_settings):
    tried = [DeliveryFactory(attempts=number) for number in (3, 1)]
    mixed = DeliveryFactory(attempts=1)
    DeliveryFactory(notice__recipient=mixed.notice.recipient)
    fresh = [DeliveryFactory() for _ in range(3)]
    with Run() as run:
        assert sorted(row.pk for parcel in run.claim(Channel.EMAIL) for row in parcel.deliveries) == [
            row.pk for row in fresh
        ]
        alone = [run.claim(Channel.EMAIL) for _ in range(3)]
        assert run.claim(Channel.EMAIL) == []
    assert all(len(parcels) == 1 for parcels in alone)
    assert [len(parcels[0].deliveries) for parcels in alone] == [1, 2, 1]
    assert [parcels[0].ids[0] for parcels in alone] == [tried[1].pk, mixed.pk, tried[0].pk]
    assert set(Delivery.objects.values_list("claimed_by", flat=True)) == {None}


def test_a_clock_that_jumps_changes_nothing(sink, start, settings):
    """No lease runs out: a claim is held as long as its connection lives, whatever time it is."""
    DeliveryFactory()
    sink.seconds_a_mail = 3
    worker = start()
    wait_until(lambda: Delivery.objects.exclude(claimed_by=None).exists())
    Delivery.objects.update(next_attempt_at="2000-01-01T00:00:00Z")
    assert deliver_mail() == 0
    assert worker.wait(30) == 0
    assert len(sink.received) == 1
