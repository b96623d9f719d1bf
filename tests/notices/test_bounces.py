"""Mail that came back, as mail servers write it."""

import io
import mailbox
import sys
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from hypothesis import example, given
from hypothesis import strategies as st

from portal.accounts.enums import Role
from portal.notices.bounces import Fate, parse, read_maildir, record
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.models import Delivery, Notice
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

REPORT = b"""\
From: MAILER-DAEMON@mx.example
To: portal@portal.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; someone@firm.example
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; 550 5.1.1 <someone@firm.example>: Recipient
    address rejected

--B
Content-Type: %(kind)s

From: portal@portal.example
Message-ID: %(id)s
Subject: x

--B--
"""
OURS = f"<{'0123456789abcdef' * 2}@portal.example>"
KINDS = ["text/rfc822-headers", "message/rfc822"]


def report(message_id=OURS, action="failed", status="5.1.1", kind="text/rfc822-headers") -> bytes:
    values = {"id": message_id, "action": action, "status": status, "kind": kind}
    return REPORT % {name.encode(): value.encode() for name, value in values.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("linesep", [b"\n", b"\r\n"])
def test_what_a_server_says(kind, linesep):
    bounce = parse(report(kind=kind).replace(b"\n", linesep))
    assert bounce.message_id == OURS
    assert bounce.is_final
    assert bounce.diagnostic == "5.1.1 smtp; 550 5.1.1 <someone@firm.example>: Recipient address rejected"


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("relayed", "")])
def test_a_delay_is_no_bounce(action, status):
    assert not parse(report(action=action, status=status)).is_final


@given(st.binary(max_size=2000))
@example(b"Content-Type: multipart/report; boundary=B\n\n--B\n--B--")
@example(report().replace(b"text/rfc822-headers", b"message/rfc822; charset=no-such"))
def test_no_bytes_upset_it(content):
    parse(content)


@given(st.data())
def test_a_mangled_report_does_not_either(data):
    """Email's own writing refuses what its reading took, such as a header that seems to hold another."""
    content = report(kind=data.draw(st.sampled_from(KINDS)))
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    parse(content[:start] + data.draw(st.binary(max_size=40)) + content[end:])


# --- What follows -----------------------------------------------------------------------------------------


@pytest.fixture
def sent(sink):
    institution = InstitutionFactory()
    member(institution, Role.LIAISON)
    delivery = DeliveryFactory(notice__recipient=member(institution, Role.CONTRIBUTOR), notice__institution=institution)
    deliver_mail()
    delivery.refresh_from_db()
    return delivery


@pytest.mark.django_db
def test_a_bounce_is_kept_with_what_the_server_said_and_the_liaison_told(sent):
    assert record(report(sent.message_id)) == Fate.BOUNCED
    assert record(report(sent.message_id)) == Fate.BOUNCED, "twice is as good as once"
    sent.refresh_from_db()
    assert sent.state == DeliveryState.BOUNCED
    assert "Recipient address rejected" in sent.last_error
    assert sent.bounced_at >= sent.sent_at
    assert Notice.objects.filter(kind=NoticeKind.DELIVERY_FAILED).count() == 1


@pytest.mark.django_db
def test_others_mail_and_delays_change_nothing(sent):
    assert record(report()) == Fate.NOT_OURS
    assert record(report(sent.message_id, "delayed", "4.4.1")) == Fate.DELAYED
    assert record(b"Subject: holiday\n\nI am away.") == Fate.UNREADABLE
    assert Delivery.objects.get(pk=sent.pk).state == DeliveryState.SENT


@pytest.mark.django_db
def test_a_maildir_is_read_once(sent, tmp_path):
    box = mailbox.Maildir(tmp_path / "bounces")
    for content in (report(sent.message_id), b"Subject: holiday\n\nI am away.", b"\xff\x00"):
        box.add(content)
    out = io.StringIO()
    call_command("record_bounces", maildir=tmp_path / "bounces", stdout=out)
    assert out.getvalue().splitlines() == ["bounced: 1", "no status notification: 2"]
    assert read_maildir(tmp_path / "bounces") == {}
    assert len(mailbox.Maildir(tmp_path / "bounces")) == 3, "nothing is thrown away"


@pytest.mark.django_db
def test_one_message_from_a_pipe(sent, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(report(sent.message_id))))
    out = io.StringIO()
    call_command("record_bounces", stdout=out)
    assert out.getvalue() == "bounced\n"
