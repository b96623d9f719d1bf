import re

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.mail import notices_mail
from portal.notices.models import Delivery
from tests.factories.accounts import InstitutionFactory, UserFactory, member
from tests.factories.notices import NoticeFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db


def reminders(*days, recipient=None):
    recipient = recipient or UserFactory()
    made = [NoticeFactory(recipient=recipient) for _ in days]
    for one, left in zip(made, days, strict=True):
        one.data["days"] = left
    return made


def parts(mail) -> tuple[str, str]:
    return mail.body, mail.alternatives[0].content


def test_one_notice_is_told_in_full():
    (notice,) = reminders(7)
    mail = notices_mail([notice])
    assert mail.subject == notice.subject
    assert mail.to == [notice.recipient.email]
    assert mail.extra_headers == {"Auto-Submitted": "auto-generated"}
    for part in parts(mail):
        assert notice.body in part
        assert f"http://127.0.0.1:8000{notice.path}" in part


def test_several_are_listed_with_the_most_urgent_first():
    mail = notices_mail(reminders(30, -7, 1))
    assert mail.subject == "期限提醒：3 项工作，其中 1 项已逾期"
    for part in parts(mail):
        words = ["已逾期 7 天", "还有 1 天", "还有 30 天"]
        assert sorted(words, key=part.index) == words
        assert "2026-11-22" in part
    assert notices_mail(reminders(7, 7)).subject == "期限提醒：2 项工作"


def test_other_news_is_counted():
    person = UserFactory()
    notices = [*reminders(7, recipient=person), NoticeFactory(recipient=person, kind=NoticeKind.RETURNED)]
    assert notices_mail(notices).subject == "您有 2 条新通知"


def test_each_is_written_to_in_their_own_language():
    reader = UserFactory(language="en")
    (notice,) = reminders(7, recipient=reader)
    with override("en"):
        expected, site = notice.subject, gettext("证券期货业信息安全监督平台")
    mail = notices_mail([notice])
    assert mail.subject == expected
    assert "Example task" in mail.subject
    assert all(site in part for part in parts(mail))
    assert 'lang="en"' in parts(mail)[1]


def test_names_are_escaped_in_html_and_plain_in_text():
    mail = notices_mail(reminders(7, recipient=UserFactory(name="<b>O'Neil</b>")))
    text, html = parts(mail)
    assert "<b>O'Neil</b>" in text
    assert "<b>O'Neil" not in html


# --- Invitations ------------------------------------------------------------------------------------------


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def invitation(institution):
    liaison = member(institution, Role.LIAISON)
    made, _token = actions.invite(
        email="new@test.example", name="新同事", body=institution, role=Role.CONTRIBUTOR, by=liaison
    )
    return made


def test_the_link_in_the_mail_opens_the_invitation(client, invitation, mailoutbox, settings):
    assert deliver_mail() == 1
    (mail,) = mailoutbox
    assert mail.to == ["new@test.example"]
    assert invitation.institution.name in mail.subject
    (link,) = re.findall(rf"^{settings.SITE_URL}(/\S*invitations\S*)$", mail.body, re.MULTILINE)
    assert client.get(link).status_code == 200
    assert link in parts(mail)[1]
    assert deliver_mail() == 0


def test_the_token_is_kept_nowhere(invitation):
    stored = str(list(type(invitation).objects.values())) + str(list(Delivery.objects.values()))
    assert invitation.token not in stored
    assert actions.token_digest(invitation.token) == invitation.token_digest
    assert type(invitation).objects.get().token == invitation.token


def test_tokens_differ_and_hang_on_the_secret_key(invitation, institution, settings):
    again, _token = actions.invite(
        email=invitation.email, name="新同事", body=institution, role=Role.CIO, by=invitation.invited_by
    )
    assert again.token != invitation.token
    before = invitation.token
    settings.SECRET_KEY = "another key"
    assert invitation.token != before


@pytest.mark.parametrize("field", ["accepted_at", "revoked_at"])
def test_an_invitation_that_is_over_is_not_mailed(invitation, mailoutbox, field):
    type(invitation).objects.update(**{field: timezone.now()})
    assert deliver_mail() == 0
    assert mailoutbox == []
    assert Delivery.objects.get().state == DeliveryState.PARKED


def test_people_who_are_told_the_same_are_called_by_their_own_names():
    institution = InstitutionFactory()
    mails = []
    for name in ("甲", "<乙>", "甲"):
        (notice,) = reminders(7, recipient=UserFactory(name=name))
        notice.institution, notice.data["number"], notice.data["title"], notice.path = institution, 1, "同一任务", "/x/"
        mails.append(notices_mail([notice]))
    assert [mail.body.partition("，")[0] for mail in mails] == ["甲", "<乙>", "甲"]
    assert "&lt;乙&gt;，" in parts(mails[1])[1] and "<乙>" not in parts(mails[1])[1]


def test_a_new_name_of_the_institution_is_told_at_once():
    (notice,) = reminders(7)
    notices_mail([notice])
    notice.institution.name = "新名称证券有限公司"
    assert "新名称证券有限公司" in notices_mail([notice]).body


def test_institutions_that_are_told_the_same_are_called_by_their_own_names_and_led_to_their_own_pages():
    mails = []
    for name, path in (("甲证券", "/a/"), ("<乙>期货", "/b/"), ("丙", "")):
        several = reminders(7, 1)
        for number, notice in enumerate(several):
            notice.institution = InstitutionFactory(name=f"{name}{number}")
            notice.data["number"], notice.data["title"], notice.path = 1, "同一任务", path and f"{path}{number}/"
        mails.append(notices_mail(several))
    text, html = parts(mails[1])
    assert text.index("<乙>期货1") < text.index("/b/1/") < text.index("<乙>期货0") < text.index("/b/0/")
    assert html.index("&lt;乙&gt;期货1") < html.index("&lt;乙&gt;期货0")
    assert 'href="http://127.0.0.1:8000/b/1/"' in html
    assert "href" not in parts(mails[2])[1].partition("<small>")[0]
    assert all("\x00" not in part for mail in mails for part in (mail.subject, *parts(mail)))


def test_several_invitations_of_one_claim(institution, mailoutbox):
    for number in range(3):
        actions.invite(
            email=f"new{number}@test.example",
            name="新",
            body=institution,
            role=Role.CIO,
            by=member(institution, Role.LIAISON),
        )
    assert deliver_mail() == 3
