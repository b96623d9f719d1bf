"""What is said to a mail server, command by command and, where it takes them so, together."""

import smtplib

import pytest
from django.core.mail import get_connection, send_mail

from portal.notices.letters import Letter
from portal.notices.smtp import EmailBackend


@pytest.fixture(params=[True, False], ids=["together", "one by one"])
def server(request, sink):
    sink.takes_commands_together = request.param
    return sink


@pytest.fixture
def backend(server):
    backend = get_connection()
    backend.open()
    yield backend
    backend.close()


def letter(to: str = "someone@test.example", sender: str = "portal@test.example") -> Letter:
    letter = Letter(subject="题目", body=".\n正文\n", from_email=sender, to=[to])
    letter.attach_alternative("<p>正文</p>", "text/html")
    return letter


def send(backend: EmailBackend, one: Letter) -> list[str]:
    """In which order things happened."""
    happened = []
    backend.hand_over(one, lambda: happened.append("leaving"), lambda: happened.append("meanwhile"))
    return happened


def test_it_arrives_whole_and_the_answer_is_kept(server, backend):
    server.says = "250 2.0.0 queued as 4XyZ"
    assert send(backend, letter()) == ["meanwhile", "leaving"]
    (message,) = server.received
    assert message.get_body(("plain",)).get_content() == ".\n正文\n"
    assert backend.answer == "250 2.0.0 queued as 4XyZ"


def test_a_sender_with_a_name(server, backend):
    send(backend, letter(sender="监督平台 <portal@test.example>"))
    assert server.senders == ["portal@test.example"]


@pytest.mark.parametrize("recipient", ["gone@test.example", "odd'name@test.example"])
def test_a_refused_recipient_leaves_the_connection_to_the_next(server, backend, recipient):
    server.answers[recipient] = "550 5.1.1 unknown"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(backend, letter(recipient))
    assert refused.value.recipients == {recipient: (550, b"5.1.1 unknown")}
    assert send(backend, letter("other@test.example")) == ["meanwhile", "leaving"]
    assert server.recipients == ["other@test.example"]


def test_a_refused_letter(server, backend):
    server.says = "554 5.7.1 not from you"
    with pytest.raises(smtplib.SMTPDataError, match="not from you"):
        send(backend, letter())


def test_a_refused_sender(server, backend):
    server.refuses_senders = True
    with pytest.raises(smtplib.SMTPSenderRefused, match="no such sender"):
        send(backend, letter())


def test_nothing_leaves_when_what_must_come_before_fails(server, backend):
    def fail():
        raise RuntimeError("not written")

    with pytest.raises(RuntimeError):
        backend.hand_over(letter(), fail, lambda: None)
    backend.close()
    assert server.received == []


def test_mail_that_is_no_letter_goes_djangos_way(server):
    send_mail("题目", "正文", "portal@test.example", ["one@test.example"])
    assert server.recipients == ["one@test.example"]
