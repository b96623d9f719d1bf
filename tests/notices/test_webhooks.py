"""Webhooks against a real receiver on this machine."""

import base64
import hashlib
import hmac
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from portal.notices.enums import Channel, DeliveryState, Needless, NoticeKind
from portal.notices.models import Delivery, Notice, Route
from portal.notices.outcomes import MAX_ATTEMPTS
from portal.notices.secrets import seal, unseal
from portal.notices.webhooks import BadTarget, Refused, check_target, posting, send_test
from tests.factories.accounts import UserFactory
from tests.factories.notices import NoticeFactory
from tests.notices.delivering import deliver_mail, deliver_webhooks
from tests.notices.receiver import receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    settings.SITE_URL = "https://portal.example"
    with receiver() as told:
        yield told


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(posting, "READ_SECONDS", 0.3)
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 1)


def due(hook, channel=Channel.WEBHOOK, *, person=None, kind=NoticeKind.RETURNED, secret="geheim", **data) -> Delivery:
    person = person or UserFactory()
    sealed = {"address": hook.url, "secret": seal(secret)}
    Route.objects.get_or_create(user=person, channel=channel, defaults=sealed)
    notice = NoticeFactory(recipient=person, kind=kind, key=f"event:{Notice.objects.count()}")
    notice.data |= data
    notice.save()
    return Delivery.objects.create(notice=notice, channel=channel)


def again(delivery: Delivery) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now())
    deliver_webhooks()
    delivery.refresh_from_db()
    return delivery


# --- What is sent -----------------------------------------------------------------------------------------


def test_the_plain_receiver_gets_signed_json(hook):
    delivery = due(hook)
    due(hook, person=delivery.notice.recipient)
    assert deliver_webhooks() == 1
    ((path, headers, body),) = hook.received
    (content,) = hook.contents
    assert path == "/hook?key=k"
    assert headers["X-Portal-Delivery"] == content["id"]
    stamp, signature = (part.partition("=")[2] for part in headers["X-Portal-Signature"].split(","))
    assert signature == hmac.new(b"geheim", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert abs(int(stamp) - time.time()) < 60
    assert [set(notice) for notice in content["notices"]] == [
        {"id", "kind", "subject", "body", "url", "institution", "created_at"}
    ] * 2
    assert content["notices"][0]["subject"] == delivery.notice.subject
    assert content["notices"][0]["url"] == f"https://portal.example{delivery.notice.path}"
    assert content["person"]["email"] == delivery.notice.recipient.email
    row = Delivery.objects.first()
    assert (row.state, row.address, row.message_id) == (
        DeliveryState.SENT,
        hook.url.partition("?")[0],
        content["id"],
    )
    assert row.answer.startswith('200 {"errcode"')


def test_a_retry_has_the_same_number(hook):
    hook.status = 500
    delivery = due(hook)
    deliver_webhooks()
    hook.status = 200
    assert again(delivery).state == DeliveryState.SENT
    first, second = (headers["X-Portal-Delivery"] for _path, headers, _body in hook.received)
    assert first == second


def test_the_robot_of_wecom_gets_what_fits(hook):
    person = UserFactory()
    for number in range(60):
        due(hook, Channel.WECOM, person=person, title=f"关于*加强*信息安全工作[通知]{number}" * 3)
    assert deliver_webhooks() == 1
    (content,) = hook.contents
    text = content["markdown"]["content"]
    assert content["msgtype"] == "markdown"
    assert 2000 < len(text.encode()) <= 4096
    assert "另有" in text and "https://portal.example/inbox/" in text
    assert r"\*加强\*信息安全工作\[通知\]" in text
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}


def test_the_robot_of_dingtalk_is_asked_with_its_signature(hook):
    delivery = due(hook, Channel.DINGTALK)
    assert deliver_webhooks() == 1
    query = parse_qs(urlsplit(hook.received[0][0]).query)
    (stamp,), (sign,) = query["timestamp"], query["sign"]
    expected = hmac.new(b"geheim", f"{stamp}\ngeheim".encode(), hashlib.sha256).digest()
    assert base64.b64decode(sign) == expected
    assert query["key"] == ["k"]
    (content,) = hook.contents
    assert content["markdown"]["title"] == delivery.notice.subject
    assert delivery.notice.subject in content["markdown"]["text"].replace("\\", "")


def test_a_test_message_needs_no_notice(hook):
    route = Route(user=UserFactory(), channel=Channel.WECOM, address=hook.url)
    assert send_test(route).startswith("200 ")
    assert "测试消息" in hook.contents[0]["markdown"]["content"]
    hook.answer = b'{"errcode": 93000, "errmsg": "invalid webhook url"}'
    with pytest.raises(Refused, match=r"93000.*invalid webhook url"):
        send_test(route)
    with pytest.raises(BadTarget):
        send_test(Route(user=route.user, channel=Channel.WEBHOOK, address="ftp://files.example/"))


# --- What comes back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_receiver_in_trouble_is_asked_again(hook, status):
    hook.status = status
    delivery = due(hook)
    assert deliver_webhooks() == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.claimed_by) == (DeliveryState.PENDING, 1, None)
    assert f"HTTP {status}" in delivery.last_error
    assert delivery.next_attempt_at > timezone.now()


@pytest.mark.parametrize("status", [404, 410])
def test_a_receiver_that_is_gone_is_not(hook, status):
    hook.status = status
    assert again(due(hook)).state == DeliveryState.PARKED


def test_a_redirect_is_refused_with_its_reason(hook):
    hook.status, hook.location = 302, "http://127.0.0.1:1/elsewhere"
    delivery = again(due(hook))
    assert delivery.state == DeliveryState.PARKED
    assert "http://127.0.0.1:1/elsewhere" in delivery.last_error and "不跟随转向" in delivery.last_error
    assert len(hook.received) == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"errcode": 45009, "errmsg": "freq out of limit"}', DeliveryState.PENDING),
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', DeliveryState.PARKED),
        (b"<html>", DeliveryState.PENDING),
        (b"[]", DeliveryState.PENDING),
        (b"\x00\xff", DeliveryState.PENDING),
        (b'{"errcode": 0}', DeliveryState.SENT),
    ],
)
def test_a_robot_means_what_its_code_says(hook, answer, state):
    hook.answer = answer
    assert again(due(hook, Channel.WECOM)).state == state


def test_a_receiver_that_hangs_is_left_alone_for_the_rest_of_the_run(hook, impatient):
    hook.hangs = 2
    first, second = due(hook), due(hook)
    assert deliver_webhooks() == 0
    assert len(hook.received) == 1
    assert "未在规定时间内应答" in Delivery.objects.get(pk=first.pk).last_error
    assert Delivery.objects.get(pk=second.pk).last_error == Needless.SILENT


def test_a_receiver_that_drips_is_cut_off(hook, impatient):
    hook.drips = True
    assert "未在规定时间内应答" in again(due(hook)).last_error


def test_little_of_a_long_answer_is_read(hook):
    hook.answer = b"x" * 10_000_000
    delivery = again(due(hook))
    assert delivery.state == DeliveryState.SENT
    assert len(delivery.answer) == 500


def test_an_obligation_goes_by_mail_when_the_webhook_is_given_up(hook, sink):
    hook.status = 500
    delivery, other = due(hook, kind=NoticeKind.URGED), due(hook, kind=NoticeKind.ACCEPTED)
    for _ in range(MAX_ATTEMPTS):
        assert Delivery.objects.count() == 2
        again(delivery)
        again(other)
    assert {delivery.state, other.state} == {DeliveryState.PARKED}
    assert Delivery.objects.exclude(channel=Channel.WEBHOOK).get().notice == delivery.notice
    assert deliver_mail() == 1
    assert sink.recipients == [delivery.notice.recipient.email]


def test_a_route_switched_off_meanwhile(hook):
    delivery = due(hook, kind=NoticeKind.RETURNED)
    Route.objects.update(is_active=False)
    assert again(delivery).last_error == Needless.NO_ROUTE
    assert Delivery.objects.filter(channel=Channel.EMAIL, notice=delivery.notice).exists()
    assert hook.received == []


# --- Whither ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f.1", "localhost", "127.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(host):
    with pytest.raises(BadTarget):
        check_target(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url", ["", "hook", "http://8.8.8.8/", "https://user:pw@8.8.8.8/", "https://8.8.8.8:port/", "https:///x",
            "https://8.8.8.8/a b", "https://[::1/", "https://8.8.8.8:99999/", "https://" + "a" * 70 + ".example/"],
)  # fmt: skip
def test_what_is_no_safe_address_is_refused(url):
    with pytest.raises(BadTarget):
        check_target(url)


def test_a_public_address_passes():
    check_target("https://8.8.8.8/hook")
    check_target("https://[2001:4860:4860::8888]/hook")


def test_a_name_that_leads_inside_is_refused_and_looked_up_once(hook, settings, monkeypatch):
    """The name answers a public address the first time and a private one afterwards: rebinding."""
    names = iter(["8.8.8.8", "127.0.0.1"])
    real, asked = socket.getaddrinfo, []

    def resolve(host, *arguments, **options):
        if host == "hook.example":
            asked.append(host)
            host = next(names)
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    reached = []
    monkeypatch.setattr(socket, "create_connection", lambda address, *_: reached.append(address) or 1 / 0)
    settings.WEBHOOK_ALLOW_PRIVATE = False
    with pytest.raises(ZeroDivisionError):
        posting.post("https://hook.example/", b"", {})
    assert (reached, asked) == ([("8.8.8.8", 443)], ["hook.example"])
    with pytest.raises(BadTarget, match=r"hook\.example"):
        posting.post("https://hook.example/", b"", {})
    assert len(reached) == 1


def test_a_name_that_cannot_be_found_now_is_tried_again(hook, settings):
    delivery = due(hook)
    Route.objects.update(address="https://nowhere.invalid/")
    again(delivery)
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 1)
    assert "nowhere.invalid" in delivery.last_error


def test_a_private_address_is_never_called(hook, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    delivery = due(hook)
    Route.objects.update(address=hook.url.replace("http:", "https:"))
    assert again(delivery).state == DeliveryState.PARKED
    assert hook.received == []


# --- Secrets ----------------------------------------------------------------------------------------------


def test_secrets_are_sealed_under_the_sites_key(settings):
    sealed = seal("geheim")
    assert "geheim" not in sealed
    assert unseal(sealed) == "geheim"
    assert seal("") == unseal("") == ""
    settings.SECRET_KEY = "another key"
    assert unseal(sealed) == ""
