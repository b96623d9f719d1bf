"""Keys and sessions, errors in one shape, languages and limits."""

import datetime

import pytest
from django.utils import timezone
from rest_framework.throttling import UserRateThrottle

from portal.accounts.enums import Role
from portal.accounts.models import ApiToken
from portal.accounts.tokens import MAX_TOKENS, create_token
from portal.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
ASSIGNMENTS = "/api/v1/assignments/"
TOKENS = "/account/tokens/"


def with_key(key: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Token {key}"}


@pytest.mark.parametrize(
    "header", [{}, {"HTTP_AUTHORIZATION": "Token"}, with_key("x"), with_key("a b"), with_key("0" * 64)]
)
def test_without_a_valid_key_the_answer_is_401_in_json(api, world, header):
    response = api.get(ASSIGNMENTS, **header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert set(response.json()) == {"code", "detail"}


def test_a_key_reads_what_its_owner_sees(api, world, key):
    rows = api.get(ASSIGNMENTS, **with_key(key)).json()["results"]
    assert [row["id"] for row in rows] == [world.ours.pk]


def test_only_the_digest_of_a_key_is_kept(key):
    stored = str(list(ApiToken.objects.values()))
    assert key not in stored
    assert ApiToken.objects.get().expiry > timezone.now() + datetime.timedelta(days=29)


def test_a_key_ends_with_its_time_and_with_its_owner(api, world, key):
    owner = world.people[Role.CONTRIBUTOR]
    owner.is_active = False
    owner.save()
    assert api.get(ASSIGNMENTS, **with_key(key)).status_code == 401
    owner.is_active = True
    owner.save()
    ApiToken.objects.update(expiry=timezone.now() - datetime.timedelta(seconds=1))
    assert api.get(ASSIGNMENTS, **with_key(key)).status_code == 401


# --- The shape of answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{ASSIGNMENTS}0/", 404, "not_found"),
        (f"{ASSIGNMENTS}99999999999999999999999/", 404, "not_found"),
        (f"{ASSIGNMENTS}?cursor=x", 404, "not_found"),
        (f"{ASSIGNMENTS}?state=done", 400, "invalid"),
        (f"{ASSIGNMENTS}?task=1.5", 400, "invalid"),
        ("/api/v1/plans/none/", 404, "not_found"),
        ("/api/v1/nothing/here", 404, "not_found"),
    ],
)
def test_errors_have_one_shape(api, world, key, path, status, code):
    response = api.get(path, **with_key(key))
    assert response.status_code == status
    body = response.json()
    assert body["code"] == code
    assert body["detail"]
    assert ("fields" in body) == (status == 400)


def test_words_follow_the_language_and_codes_stay(api, world, key):
    chinese = api.get(ASSIGNMENTS, HTTP_ACCEPT_LANGUAGE="zh-hans", **with_key(key)).json()["results"][0]
    english = api.get(ASSIGNMENTS, HTTP_ACCEPT_LANGUAGE="en-GB", **with_key(key)).json()["results"][0]
    assert chinese["state"] == english["state"] == "not_started"
    assert (chinese["state_display"], english["state_display"]) == ("未开始", "Not started")
    assert chinese["task"] == english["task"]


def test_only_json(api, world, key):
    response = api.get(ASSIGNMENTS, HTTP_ACCEPT="text/html", **with_key(key))
    assert response.status_code == 406
    assert response["Content-Type"] == "application/json"


def test_too_many_requests_are_told_when_to_go_on(api, world, key, monkeypatch):
    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda self: "2/min")
    statuses = [api.get(ASSIGNMENTS, **with_key(key)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    response = api.get(ASSIGNMENTS, **with_key(key))
    assert response.json()["code"] == "throttled"
    assert int(response["Retry-After"]) > 0


# --- The page of keys -------------------------------------------------------------------------------------


@pytest.fixture
def owner(client, world):
    person = world.people[Role.LIAISON]
    client.force_login(person)
    return person


def test_a_new_key_works_and_is_shown_once(client, api, owner, world):
    response = client.post(TOKENS, {"name": "月度统计", "days": "30"})
    key = response.context["new"].key
    assert key in response.text
    assert "no-store" in response["Cache-Control"]
    assert key not in client.get(TOKENS).text
    assert "月度统计" in client.get(TOKENS).text
    assert api.get(ASSIGNMENTS, **with_key(key)).status_code == 200
    assert AuditEvent.objects.get(action="api_token.created").actor == owner


def test_a_revoked_key_is_dead(client, api, owner):
    key = client.post(TOKENS, {"name": "统计", "days": "30"}).context["new"].key
    token = owner.auth_token_set.get()
    assert client.get(f"{TOKENS}{token.digest}/revoke/").status_code == 405
    client.post(f"{TOKENS}{token.digest}/revoke/")
    assert api.get(ASSIGNMENTS, **with_key(key)).status_code == 401
    assert AuditEvent.objects.filter(action="api_token.revoked", actor=owner).exists()


def test_the_keys_of_others_do_not_exist(client, owner, key):
    token = ApiToken.objects.get()
    assert "夜间汇总" not in client.get(TOKENS).text
    assert client.post(f"{TOKENS}{token.digest}/revoke/").status_code == 404
    assert ApiToken.objects.exists()


@pytest.mark.parametrize(
    "data", [{"name": "", "days": "30"}, {"name": "x", "days": "3650"}, {"name": "x" * 81, "days": "30"}]
)
def test_a_faulty_form_makes_no_key(client, owner, data):
    response = client.post(TOKENS, data)
    assert response.status_code == 400
    assert not ApiToken.objects.exists()


def test_there_is_a_limit_to_keys(client, owner):
    for number in range(MAX_TOKENS):
        create_token(name=str(number), days=30, by=owner)
    assert client.post(TOKENS, {"name": "再一个", "days": "30"}).status_code == 400
    assert owner.auth_token_set.count() == MAX_TOKENS


def test_the_page_costs_the_same_with_one_key_and_with_three(client, owner, django_assert_num_queries):
    create_token(name="1", days=30, by=owner)
    client.get(TOKENS)
    with django_assert_num_queries(6) as first:
        client.get(TOKENS)
    for number in range(2):
        create_token(name=str(number), days=30, by=owner)
    with django_assert_num_queries(len(first)):
        client.get(TOKENS)
