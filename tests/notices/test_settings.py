"""How a person is told: what may be set, what is never shown, and what becomes of what waits."""

import datetime
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.notices.enums import Channel, DeliveryState, NoticeKind, Pace
from portal.notices.models import Delivery, Route
from portal.notices.outside import next_digest
from portal.notices.secrets import unseal
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.notices import DeliveryFactory, NoticeFactory

pytestmark = pytest.mark.django_db
URL = "/inbox/settings/"
ADDRESS = "http://127.0.0.1:9/robot/send?key=0123456789abcdef"


@pytest.fixture(autouse=True)
def _local(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def reader(client):
    person = member(InstitutionFactory(), Role.CONTRIBUTOR)
    client.force_login(person)
    return person


def typed(**ways) -> dict[str, str]:
    """The whole form: e-mail at once, unless said otherwise."""
    data = {"language": ways.pop("language", "zh-hans")}
    ways = {"email": {"is_active": "on"}} | ways
    for channel in Channel.values:
        values = {"pace": "at_once"} | ways.get(channel, {})
        data |= {f"{channel}-{name}": value for name, value in values.items()}
    return data


def waiting(reader, days: int = 30, channel=Channel.EMAIL, **fields) -> Delivery:
    deadline = timezone.localdate() + datetime.timedelta(days=days)
    notice = NoticeFactory(recipient=reader, data={"title": "x", "deadline": str(deadline), "days": days})
    return DeliveryFactory(notice=notice, channel=channel, **fields)


def test_without_settings_one_is_told_by_mail(client, reader):
    page = client.get(URL)
    forms = {form.channel: form for form in page.context["ways"]}
    assert forms[Channel.EMAIL]["is_active"].value()
    assert not forms[Channel.WECOM]["is_active"].value()
    assert not Route.objects.exists()
    assert URL in client.get("/inbox/").text


def test_saving(client, reader):
    dingtalk = {"is_active": "on", "address": ADDRESS, "secret": "SEC-geheim", "pace": "daily", "statutory_only": "on"}
    response = client.post(URL, typed(dingtalk=dingtalk, language="en"))
    assert response.status_code == 302
    assert response.cookies["django_language"].value == "en"
    reader.refresh_from_db()
    assert reader.language == "en"
    route = Route.objects.get(channel=Channel.DINGTALK)
    assert (route.address, unseal(route.secret), route.pace, route.statutory_only) == (
        ADDRESS, "SEC-geheim", Pace.DAILY, True,
    )  # fmt: skip
    assert "geheim" not in route.secret
    assert Route.objects.get(channel=Channel.EMAIL).is_active
    event = AuditEvent.objects.get(action="notices.ways_saved")
    assert event.data["dingtalk"]["address_changed"]
    assert "geheim" not in str(event.data)
    assert "0123456789" not in str(event.data)


def test_what_is_secret_is_not_shown_again_and_kept_when_left_empty(client, reader):
    client.post(URL, typed(webhook={"is_active": "on", "address": ADDRESS, "secret": "geheim"}))
    page = client.get(URL).text
    assert "geheim" not in page
    assert "0123456789" not in page
    assert "已设置，留空则不变" in page
    client.post(URL, typed(webhook={"is_active": "on", "pace": "weekly"}))
    route = Route.objects.get(channel=Channel.WEBHOOK)
    assert (route.address, unseal(route.secret), route.pace) == (ADDRESS, "geheim", Pace.WEEKLY)


def test_one_way_stays_on(client, reader):
    response = client.post(URL, typed(email={}))
    assert response.status_code == 400
    assert "至少使用一种方式" in response.text
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https：//example.com/x", "全角"),
        ("https://example.com/a b", "空格或换行"),
        ("https://example.com/a\nb", "空格或换行"),
        ("https://例子.cn/", "全角或中文"),
        ("ftp://example.com/", "不是有效的网址"),
        ("", "请填写 Webhook 地址"),
    ],
)
def test_an_address_that_is_none(client, reader, address, message):
    response = client.post(URL, typed(wecom={"is_active": "on", "address": address, "pace": "weekly"}))
    assert response.status_code == 400
    form = response.context["ways"][1]
    assert message in str(form.errors["address"])
    assert form["pace"].value() == "weekly"
    assert not Route.objects.exists()


def test_an_address_inside_is_refused(client, reader, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    response = client.post(URL, typed(wecom={"is_active": "on", "address": "https://127.0.0.1/x"}))
    assert "内部网络" in response.text


def test_a_new_pace_moves_what_waits_but_no_near_deadline(client, reader):
    far, near, tried = waiting(reader), waiting(reader, days=7), waiting(reader, attempts=2)
    escalated = DeliveryFactory(notice=NoticeFactory(recipient=reader, kind=NoticeKind.ESCALATED))
    claimed, others = waiting(reader, claimed_by=1), DeliveryFactory()
    before = {row.pk: row.next_attempt_at for row in Delivery.objects.all()}
    now = timezone.now()
    client.post(URL, typed(email={"is_active": "on", "pace": "weekly"}))
    after = {row.pk: row.next_attempt_at for row in Delivery.objects.all()}
    assert after[far.pk] == next_digest(Pace.WEEKLY, now)
    assert after[near.pk] <= timezone.now()
    assert after[escalated.pk] <= timezone.now()
    assert all(after[row.pk] == before[row.pk] for row in (tried, claimed, others))
    client.post(URL, typed())
    assert Delivery.objects.get(pk=far.pk).next_attempt_at <= timezone.now()


def test_a_way_that_is_switched_off_hands_over_what_waits(client, reader):
    row, claimed = waiting(reader), waiting(reader, claimed_by=1)
    wecom = {"is_active": "on", "address": ADDRESS, "pace": "daily"}
    assert client.post(URL, typed(email={}, wecom=wecom)).status_code == 302
    row.refresh_from_db()
    assert row.state == DeliveryState.DROPPED
    assert Delivery.objects.get(pk=claimed.pk).state == DeliveryState.PENDING
    new = row.notice.deliveries.get(channel=Channel.WECOM)
    assert new.state == DeliveryState.PENDING
    assert new.next_attempt_at > timezone.now()


def test_what_no_remaining_way_carries_is_not_lost(client, reader):
    row = DeliveryFactory(notice=NoticeFactory(recipient=reader, kind=NoticeKind.ACCEPTED))
    client.post(URL, typed(email={}, wecom={"is_active": "on", "address": ADDRESS, "statutory_only": "on"}))
    assert row.notice.deliveries.get(channel=Channel.WECOM).state == DeliveryState.PENDING


@pytest.fixture
def receiver():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.server.answer
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(self.server.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.code, server.answer = 200, b"thanks"
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()


def test_a_test_message_says_what_came_back(client, reader, receiver):
    address = f"http://127.0.0.1:{receiver.server_port}/hook"
    client.post(URL, typed(webhook={"is_active": "on", "address": address}))
    url = reverse("notices:test", args=["webhook"])
    assert url in client.get(URL).text
    assert "thanks" in client.post(url, follow=True).text
    receiver.code = 404
    assert "测试消息未能发出" in client.post(url, follow=True).text
    assert client.post(reverse("notices:test", args=["wecom"])).status_code == 404
    assert client.get(url).status_code == 405


def test_the_ways_of_others_are_not_there(client, reader):
    other = member(InstitutionFactory(), Role.CIO)
    Route.objects.create(user=other, channel=Channel.WECOM, address=ADDRESS)
    assert client.post(reverse("notices:test", args=["wecom"])).status_code == 404
    client.post(URL, typed())
    assert Route.objects.get(user=other).is_active
