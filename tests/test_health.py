"""/healthz, and what happens to jobs while Redis is gone."""

import json
from urllib.error import HTTPError

import pytest
from celery import shared_task
from django.db import OperationalError, transaction
from django.test import Client
from kombu.exceptions import EncodeError

from portal import broker, probe
from portal.enqueue import enqueue
from portal.shell import health

NOWHERE = "unix:///nonexistent/redis.sock"


@shared_task(name="tests.note")
def note(number):
    """Never run: only queued."""


@pytest.fixture
def fresh_broker(monkeypatch):
    """Forget what earlier tests found out about Redis, and let none of it out again."""
    monkeypatch.setattr(broker, "_last_answer", (float("-inf"), True))
    broker._client.cache_clear()
    yield
    broker._client().delete(broker.WORKER_KEY)
    broker._client.cache_clear()


@pytest.fixture
def redis_gone(settings, fresh_broker):
    there = settings.REDIS_URL
    settings.REDIS_URL = NOWHERE
    yield
    settings.REDIS_URL = there
    broker._client.cache_clear()


def ask():
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


@pytest.mark.django_db
def test_all_alive(fresh_broker):
    broker.tell_worker_alive()
    assert ask() == (200, {"web": "ok", "database": "ok", "redis": "ok", "worker": "ok"})


@pytest.mark.django_db
def test_no_worker(fresh_broker):
    assert ask() == (503, {"web": "ok", "database": "ok", "redis": "ok", "worker": "down"})


@pytest.mark.django_db
def test_redis_gone(redis_gone):
    assert ask() == (503, {"web": "ok", "database": "ok", "redis": "down", "worker": "down"})


@pytest.mark.django_db
def test_a_site_with_a_scanner(clamd, fresh_broker, settings):
    broker.tell_worker_alive()
    assert ask() == (200, {"web": "ok", "database": "ok", "redis": "ok", "worker": "ok", "scanner": "ok"})
    settings.CLAMD = "unix:///nonexistent/clamd.sock"
    assert ask() == (503, {"web": "ok", "database": "ok", "redis": "ok", "worker": "ok", "scanner": "down"})


def test_database_gone(fresh_broker, monkeypatch):
    class Gone:
        def cursor(self):
            raise OperationalError

    monkeypatch.setattr(health, "connection", Gone())
    broker.tell_worker_alive()
    assert ask() == (503, {"web": "ok", "database": "down", "redis": "ok", "worker": "ok"})


def test_a_worker_is_alive_only_for_some_seconds(fresh_broker):
    broker.tell_worker_alive()
    assert 0 < broker._client().ttl(broker.WORKER_KEY) <= broker.WORKER_SECONDS


def test_healthz_is_not_cached_and_takes_no_post(client, fresh_broker, monkeypatch):
    monkeypatch.setattr(health, "_database_answers", lambda: True)
    assert "no-store" in client.get("/healthz")["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_the_broker_is_asked_once_in_some_seconds(fresh_broker, monkeypatch):
    asked = []
    monkeypatch.setattr(broker, "redis_answers", lambda: bool(asked.append(1)) or len(asked) > 1)
    assert broker.broker_alive() is False
    assert broker.broker_alive() is False
    assert len(asked) == 1
    monkeypatch.setattr(broker, "_last_answer", (broker._last_answer[0] - broker.MEMORY_SECONDS - 1, False))
    assert broker.broker_alive() is True


def test_a_worker_that_lost_redis_is_not_brought_down_by_saying_so(redis_gone):
    broker.tell_worker_alive()


# --- Queueing ---------------------------------------------------------------------------------------------


@pytest.fixture
def queued(monkeypatch):
    sent = []
    monkeypatch.setattr(note, "apply_async", lambda args: sent.append(args))
    return sent


@pytest.mark.django_db(transaction=True)
def test_a_job_is_queued_on_commit_only(queued, fresh_broker):
    with transaction.atomic():
        enqueue(note, 1)
        assert queued == []
    assert queued == [(1,)]

    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(note, 2)
        raise RuntimeError
    assert queued == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_queued_job_reaches_redis(fresh_broker):
    enqueue(note, 7)
    (message,) = broker._client().lrange("default", 0, -1)
    assert json.loads(message)["headers"]["argsrepr"] == "(7,)"
    broker._client().delete("default")


@pytest.mark.django_db(transaction=True)
def test_without_redis_nothing_is_tried_and_nothing_raised(queued, redis_gone, caplog):
    enqueue(note, 1)
    assert queued == []
    assert "left to the beat" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_redis_lost_since_it_was_asked_raises_nothing_either(fresh_broker, monkeypatch, caplog):
    from portal.celery import app

    monkeypatch.setattr(broker, "_last_answer", (float("inf"), True))
    with app.connection_for_write("redis+socket:///nonexistent/redis.sock") as nowhere:
        send = note.apply_async
        monkeypatch.setattr(note, "apply_async", lambda args: send(args=args, connection=nowhere))
        enqueue(note, 1)
    assert "could not be queued" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_mistake_of_our_own_is_not_taken_for_a_lost_redis(fresh_broker):
    with pytest.raises(EncodeError):
        enqueue(note, object())


# --- The probe --------------------------------------------------------------------------------------------


def test_the_probe_names_what_is_not_alive():
    assert probe.dead(None) == ["web"]
    assert probe.dead({"web": "ok", "database": "ok"}) == []
    assert probe.dead({"web": "ok", "redis": "down", "worker": "down"}) == ["redis", "worker"]


@pytest.mark.django_db(transaction=True)
def test_the_probe_asks_the_running_portal(live_server, settings, fresh_broker):
    settings.PORT = live_server.thread.port
    assert probe.ask() == {"web": "ok", "database": "ok", "redis": "ok", "worker": "down"}
    settings.ALLOWED_HOSTS = ["another.example"]
    broker.tell_worker_alive()
    assert probe.dead(probe.ask()) == []


def test_the_probe_takes_other_answers_for_none(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise HTTPError("http://127.0.0.1", 400, "Bad Request", {}, None)

    monkeypatch.setattr(probe.urllib.request.OpenerDirector, "open", refuse)
    assert probe.ask() is None
