"""The bytes of a mail, read back by Python's `email`."""

import email
import email.policy
import smtplib

import pytest
from django.core.mail.message import BadHeaderError
from hypothesis import given
from hypothesis import strategies as st

from portal.notices.letters import Letter
from portal.notices.smtp import stuffed

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300)


def letter(subject="题", body="文", html="<p>文</p>", to="a@b.example", **options) -> Letter:
    made = Letter(subject=subject, body=body, to=[to], **options)
    made.attach_alternative(html, "text/html")
    return made


def read(made: Letter) -> email.message.EmailMessage:
    written = made.message().as_bytes(linesep="\r\n")
    assert all(len(line) <= 998 for line in written.split(b"\r\n"))
    return email.message_from_bytes(written, policy=email.policy.default)


@given(subject=texts, body=texts, html=texts)
def test_what_is_written_is_read_again(subject, body, html):
    subject = " ".join(subject.split())
    mail = read(letter(subject, body, html))
    assert "".join(mail["Subject"].split()) == "".join(subject.split())
    assert mail.get_body(("plain",)).get_content().rstrip("\n") == body.rstrip("\n")
    assert mail.get_body(("html",)).get_content().rstrip("\n") == html.rstrip("\n")
    assert mail.defects == []
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_names_and_domains_in_chinese():
    mail = read(letter(to="zhang@公司.example", from_email="监督平台 <portal@portal.example>"))
    assert mail["From"].addresses[0].display_name == "监督平台"
    assert mail["To"] == "zhang@xn--55qx5d.example"


@pytest.mark.parametrize("value", ["x\nBcc: y@z.example", "x\r\nBcc: y@z.example", "x\n"])
def test_no_header_of_several_lines(value):
    with pytest.raises(BadHeaderError):
        read(letter(headers={"X-Own": value}))


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"a"])).map(b"".join))
def test_what_begins_with_a_dot_is_stuffed_as_smtplib_does(message):
    quoted = smtplib._quote_periods(message)
    assert stuffed(message) == quoted + (b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n")
