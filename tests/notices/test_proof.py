"""The proof of delivery: who sees what was told to whom, and what of it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.actions import add_member, remove_member
from portal.accounts.enums import InstitutionKind, Role
from portal.notices.enums import Channel, DeliveryState, Needless, NoticeKind
from portal.notices.models import Delivery, Escalation, Notice
from portal.notices.reminders.words import when_of
from portal.notices.told import people_out_of_reach, shown
from portal.notices.views import proof
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.notices import NoticeFactory

pytestmark = pytest.mark.django_db
PROOF = reverse("notices:proof")
S, K = DeliveryState, NoticeKind
DAY = datetime.timedelta(days=1)
URL = "https://qyapi.weixin.example/cgi-bin/webhook/send?key=693a91f6"


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def authority(institution):
    return AuthorityFactory(kinds=[InstitutionKind.SECURITIES])


@pytest.fixture
def told(institution):
    """A contributor who was reminded by mail."""
    contributor = member(institution, Role.CONTRIBUTOR, email="chen.si@firm.example")
    return sent(NoticeFactory(recipient=contributor, institution=institution))


def sent(notice, state=S.SENT, channel=Channel.EMAIL, **fields):
    times = {"sent_at": timezone.now()} if state in (S.SENT, S.BOUNCED) else {}
    if state == S.BOUNCED:
        times["bounced_at"] = timezone.now()
    values = {"address": notice.recipient.email, "answer": "250 2.0.0 Ok: queued as 4F", **times, **fields}
    Delivery.objects.create(notice=notice, channel=channel, state=state, **values)
    return notice


def rows_of(response) -> list[Notice]:
    return [row.notice for row in response.context["rows"]]


def page(client, user, **query):
    client.force_login(user)
    return client.get(PROOF, query)


class TestWho:
    @pytest.mark.parametrize(("role", "sees"), [(Role.LIAISON, True), (Role.CIO, True), (Role.CONTRIBUTOR, False)])
    def test_in_the_institution(self, client, institution, told, role, sees):
        user = member(institution, role)
        response = page(client, user)
        assert response.status_code == (200 if sees else 403)
        assert set(Notice.objects.told_for(user)) == ({told} if sees else set())
        assert ("送达记录" in client.get(reverse("notices:inbox")).text) == sees

    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
    def test_in_the_authority(self, client, institution, authority, told, role):
        assert rows_of(page(client, member(authority, role), institution=institution.pk)) == [told]

    @pytest.mark.parametrize("role", Role)
    def test_nobody_else(self, client, institution, told, role):
        """Another institution's people, and an authority in whose scope it is not."""
        is_inside = role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)
        other = InstitutionFactory() if is_inside else AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        user = member(other, role)
        assert not Notice.objects.told_for(user).exists()
        response = page(client, user, institution=institution.pk, tab="told")
        assert institution.name not in response.text
        assert response.status_code == 403 or not response.context.get("rows")

    def test_the_body_acted_for(self, institution, authority, told):
        user = member(InstitutionFactory(), Role.LIAISON)
        own = membership_of(user)
        add_member(user=user, body=authority, role=Role.OBSERVER, by=None)
        assert not Notice.objects.told_for(user, own).exists()
        assert Notice.objects.told_for(user, user.memberships.get(authority=authority)).get() == told

    def test_what_supervisors_are_told_of_an_institution_is_not_in_it(self, institution, authority):
        reviewer = member(authority, Role.SUPERVISOR)
        NoticeFactory(recipient=reviewer, institution=institution, kind=K.CASE_ASSIGNED)
        for user in (member(institution, Role.CIO), reviewer, member(authority, Role.LEAD_SUPERVISOR)):
            assert not Notice.objects.told_for(user).exists()

    @pytest.mark.parametrize("kind", [K.SENT_BACK, K.DELEGATED, K.FILE_REFUSED, K.AWAITING_SIGNATURE])
    def test_the_institutions_own_affairs_are_not_supervisors(self, institution, authority, told, kind):
        inner = NoticeFactory(recipient=told.recipient, institution=institution, kind=kind)
        assert inner in Notice.objects.told_for(member(institution, Role.LIAISON))
        assert inner not in Notice.objects.told_for(member(authority, Role.SUPERVISOR))

    def test_who_left_stays_in_the_proof(self, client, institution, told):
        liaison = member(institution, Role.LIAISON)
        remove_member(membership=told.recipient.memberships.get(), by=liaison)
        response = page(client, liaison)
        assert rows_of(response) == [told]
        assert "已离任" in response.text


class TestWhat:
    def test_everything_of_a_mail(self, client, institution, told):
        Delivery.objects.update(message_id="<7f@portal.example>")
        text = page(client, member(institution, Role.LIAISON)).text
        for words in (told.subject, told.recipient.name, "填报人", "电子邮件", "已发送", "chen.si@firm.example"):
            assert words in text
        assert "250 2.0.0 Ok: queued as 4F" in text and "&lt;7f@portal.example&gt;" in text

    def test_supervisors_see_addresses_with_their_middle_hidden(self, client, institution, authority, told):
        Delivery.objects.update(last_error="550 <chen.si@firm.example> unknown", answer="250 chen.si@firm.example ok")
        text = page(client, member(authority, Role.SUPERVISOR), institution=institution.pk).text
        assert "chen.si@firm.example" not in text
        assert text.count("c***i@firm.example") == 3

    @pytest.mark.parametrize("channel", [Channel.WECOM, Channel.DINGTALK, Channel.WEBHOOK])
    def test_a_webhooks_address_is_shown_to_nobody(self, client, institution, authority, told, channel):
        error = f"HTTPSConnectionPool(host='qyapi.weixin.example', port=443): url: /cgi-bin/send?key=693a91f6 {URL}"
        sent(told, S.PARKED, channel, address=URL, answer=f"moved to {URL}", last_error=error)
        for user in (member(institution, Role.CIO), member(authority, Role.LEAD_SUPERVISOR)):
            text = page(client, user, institution=institution.pk).text
            assert str(channel.label) in text and "发送失败" in text
            assert "693a91f6" not in text and "weixin" not in text

    @pytest.mark.parametrize("reason", Needless)
    def test_our_own_reasons_are_said_in_words(self, client, institution, told, reason):
        Delivery.objects.update(state=S.DROPPED, sent_at=None, last_error=reason)
        text = page(client, member(institution, Role.CIO)).text
        assert str(reason.label) in text and reason.value not in text

    def test_only_the_inbox(self, client, institution, told):
        told.deliveries.all().delete()
        assert "仅收件箱" in page(client, member(institution, Role.CIO)).text

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"state": "sent"}, {"mail"}),
            ({"state": "parked"}, {"hook"}),
            ({"state": "read"}, {"hook"}),
            ({"state": "unread"}, {"mail"}),
            ({"channel": "wecom"}, {"hook"}),
            ({"channel": "wecom", "state": "sent"}, set()),
            ({"kind": "returned"}, {"hook"}),
            ({"end": "2026-01-01"}, {"hook"}),
            ({"start": "2026-01-02"}, {"mail"}),
            ({"start": "2026-01-01", "end": "2026-01-01"}, {"hook"}),
        ],
    )
    def test_filters(self, client, institution, told, query, expected):
        old = NoticeFactory(
            recipient=told.recipient,
            institution=institution,
            kind=K.RETURNED,
            created_at=datetime.datetime(2026, 1, 1, 23, 59, tzinfo=timezone.get_default_timezone()),
            read_at=timezone.now(),
        )
        sent(old, S.PARKED, Channel.WECOM)
        rows = {"mail": told, "hook": old}
        response = page(client, member(institution, Role.LIAISON), **query)
        assert rows_of(response) == [rows[name] for name in ("mail", "hook") if name in expected]

    def test_by_person_among_the_institutions_only(self, client, institution, told):
        liaison, stranger = member(institution, Role.LIAISON), UserFactory()
        mine = NoticeFactory(recipient=liaison, institution=institution)
        assert rows_of(page(client, liaison, person=liaison.pk)) == [mine]
        response = page(client, liaison, person=stranger.pk)
        assert stranger.name not in response.text

    @pytest.mark.parametrize("query", [{"person": "x"}, {"start": "x"}, {"state": "x"}, {"tab": "x"}, {"after": "x"}])
    def test_what_makes_no_sense_is_no_error(self, client, institution, told, query):
        assert page(client, member(institution, Role.LIAISON), **query).status_code == 200

    def test_pages(self, client, institution, told, monkeypatch):
        monkeypatch.setattr(proof, "ROWS_A_PAGE", 2)
        liaison = member(institution, Role.LIAISON)
        later = [NoticeFactory(recipient=told.recipient, institution=institution) for _ in range(2)]
        first = page(client, liaison)
        assert rows_of(first) == later[::-1]
        assert rows_of(page(client, liaison, after=first.context["next_cursor"])) == [told]

    @pytest.mark.parametrize("tab", ["told", "failed", "reported"])
    def test_queries_do_not_grow(self, client, institution, authority, told, tab):
        for user in (member(institution, Role.LIAISON), member(authority, Role.SUPERVISOR)):
            counts = []
            for more in (1, 3):
                for number in range(more):
                    notice = NoticeFactory(recipient=member(institution, Role.CIO), institution=institution)
                    sent(notice, S.PARKED)
                    sent(notice, S.SENT, Channel.WECOM)
                    key = f"reminder:{notice.pk}:2026-11-22:+5w.{number}:supervisor"
                    Escalation.objects.create(institution=institution, kind=K.REMINDER, key=key)
                client.force_login(user)
                client.get(PROOF, {"institution": institution.pk, "tab": tab})
                with CaptureQueriesContext(connection) as queries:
                    assert client.get(PROOF, {"institution": institution.pk, "tab": tab}).status_code == 200
                counts.append(len(queries))
            assert counts[0] == counts[1]


class TestOutOfReach:
    def test_the_last_counts(self, client, institution, authority, told):
        """Somebody who was reached after a failure is reached; a failure after that makes them unreached again."""
        liaison, person = member(institution, Role.LIAISON), told.recipient
        acting = membership_of(liaison)
        assert people_out_of_reach(liaison, acting, institution) == set()
        for state, failing in (
            (S.PARKED, True),
            (S.PENDING, True),
            (S.SENT, False),
            (S.DROPPED, False),
            (S.BOUNCED, True),
        ):
            sent(NoticeFactory(recipient=person, institution=institution), state)
            assert people_out_of_reach(liaison, acting, institution) == ({person.pk} if failing else set()), state
        supervisor = member(authority, Role.SUPERVISOR)
        assert [row.recipient for row in rows_of(page(client, supervisor))] == [person]
        assert [row.recipient for row in rows_of(page(client, liaison, tab="failed"))] == [person]

    def test_each_channel_for_itself(self, institution, told):
        sent(NoticeFactory(recipient=told.recipient, institution=institution), S.PARKED, Channel.WECOM)
        sent(NoticeFactory(recipient=told.recipient, institution=institution))
        liaison = member(institution, Role.LIAISON)
        assert people_out_of_reach(liaison, membership_of(liaison), institution) == {told.recipient_id}

    def test_marks_beside_the_names(self, client, institution, authority, told):
        liaison, supervisor = member(institution, Role.LIAISON), member(authority, Role.SUPERVISOR)
        places = [
            (liaison, reverse("accounts:people")),
            (supervisor, reverse("profile:institution", args=[institution.pk])),
        ]
        for user, url in places:
            client.force_login(user)
            assert "送达失败" not in client.get(url).text
        sent(NoticeFactory(recipient=told.recipient, institution=institution), S.BOUNCED)
        for user, url in places:
            client.force_login(user)
            text = client.get(url).text
            assert text.count("送达失败") == 1
            assert (
                f"tab=failed&amp;person={told.recipient_id}" in text or f"tab=failed&person={told.recipient_id}" in text
            )

    def test_without_an_institution_only_whom_nothing_reaches(self, client, institution, authority, told):
        supervisor = member(authority, Role.SUPERVISOR)
        response = page(client, supervisor)
        assert response.context["tab"] == "failed" and rows_of(response) == []
        assert "请在上面选择一家机构" in page(client, supervisor, tab="told").text


class TestEscalations:
    def test_what_was_reported_is_in_it(self, client, institution, authority, told):
        for addressee in ("supervisor", "lead_supervisor"):
            key = ":".join([*told.key.split(":")[:2], "2026-11-22", "+5w", addressee])
            Escalation.objects.create(institution=institution, kind=K.REMINDER, key=key)
        elsewhere = InstitutionFactory(kind=InstitutionKind.FUTURES)
        Escalation.objects.create(institution=elsewhere, kind=K.REMINDER, key="reminder:9:2026-11-22:+5w:supervisor")
        for user in (member(institution, Role.LIAISON), member(authority, Role.OBSERVER)):
            response = page(client, user, institution=institution.pk, tab="reported")
            assert len(response.context["rows"]) == 2
            for words in (told.data["title"], "逾期 5 个工作日", "2026-11-22", "监管负责人"):
                assert words in response.text
        assert not Escalation.objects.told_for(member(institution, Role.CONTRIBUTOR)).exists()

    @pytest.mark.parametrize(
        ("label", "words"),
        [
            ("-30d", "期限前 30 天"),
            ("+0d", "期限当日"),
            ("+7d.21", "逾期 21 天"),
            ("-2w", "期限前 2 个工作日"),
            ("x", "x"),
        ],
    )
    def test_stages_in_words(self, label, words):
        assert when_of(label) == words


def test_short_names_are_hidden_whole():
    delivery = Delivery(channel="email", address="ab@firm.example")
    assert shown(delivery, is_own=False).address == "a***@firm.example"
    assert shown(delivery, is_own=True).address == "ab@firm.example"
