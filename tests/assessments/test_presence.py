"""Who else is writing: kept in the cache alone, and nothing breaks without it."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments import actions
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from tests.assessments.world import draft
from tests.factories.accounts import InstitutionFactory, member

K = RequirementKind


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def announce(client, user, world, task=1, seen=None):
    client.force_login(user)
    seen = seen or f"{world.requirement(K.MATURITY).pk}:0"
    return client.post(reverse("assessments:presence", args=[world.draft.pk]), {"task": task, "seen": seen})


def test_two_people_see_each_other(client, world):
    assert announce(client, world.contributor, world).json()["others"] == ""
    heard = announce(client, world.liaison, world, task=2).json()["others"]
    assert heard == f"{world.contributor.name}正在填写任务 1"
    assert announce(client, world.contributor, world).json()["others"] == f"{world.liaison.name}正在填写任务 2"


def test_who_falls_silent_is_gone(client, world):
    announce(client, world.contributor, world)
    (key,) = [key for key in cache.iter_keys("presence:*") if key.endswith(f":{world.contributor.pk}")]
    assert 0 < cache.ttl(key) <= 40
    cache.delete(key)
    assert announce(client, world.liaison, world).json()["others"] == ""


def test_people_of_other_bodies_are_not_there(client, world):
    stranger = member(InstitutionFactory(), Role.CONTRIBUTOR)
    assert announce(client, stranger, world).status_code == 404
    for person in (world.cio, world.supervisor):
        assert announce(client, person, world).status_code == 403


def test_nothing_is_written_and_it_costs_the_same_for_more_people(client, world):
    announce(client, world.liaison, world)
    with CaptureQueriesContext(connection) as before:
        announce(client, world.contributor, world)
    for _ in range(3):
        announce(client, member(world.institution, Role.CONTRIBUTOR), world)
    with CaptureQueriesContext(connection) as after:
        announce(client, world.contributor, world)
    assert len(before) == len(after)
    about_it = [
        query["sql"] for query in after if "session" not in query["sql"] and "accounts_user" not in query["sql"]
    ]
    assert not [sql for sql in about_it if sql.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_what_was_saved_meanwhile_is_offered(client, world):
    requirement = world.requirement(K.MATURITY)
    actions.save_answers(
        self_assessment=world.draft,
        drafts={requirement.pk: draft(requirement, justification="新的说明")},
        by=world.liaison,
    )
    newer = announce(client, world.contributor, world).json()["newer"]
    assert list(newer) == [str(requirement.pk)]
    assert "新的说明" in newer[str(requirement.pk)]
    assert announce(client, world.contributor, world, seen=f"{requirement.pk}:1").json()["newer"] == {}


@pytest.mark.parametrize("seen", ["", "x", "1:2:3", "1", "99999999999:1", "1:1 " * 2000])
def test_what_makes_no_sense_is_refused(client, world, seen):
    client.force_login(world.contributor)
    page = reverse("assessments:presence", args=[world.draft.pk])
    assert client.post(page, {"task": 1, "seen": seen}).status_code == 400
    assert client.post(page, {"task": "x", "seen": "1:0"}).status_code == 400


def test_without_redis_there_is_silence(client, world, settings):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"},
    }
    answer = announce(client, world.contributor, world)
    assert answer.status_code == 200
    assert answer.json()["others"] == ""


def test_the_page_hears_that_it_was_handed_in(client, world):
    world.draft.state, world.draft.handed_in_at = "awaiting_signature", world.draft.created_at
    world.draft.save()
    assert announce(client, world.contributor, world).json()["is_editable"] is False
