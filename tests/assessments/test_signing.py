"""The CIO's page of a self-assessment: the password once more, what changed since, what is late."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.completeness import lines_of
from assessments.enums import SelfAssessmentState
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from tests.assessments.world import hand_in, seen, signed
from tests.factories.accounts import PASSWORD, member, with_password
from tests.factories.assessments import AnswerFactory
from tests.factories.tasks import EvidenceFactory

K = RequirementKind
S = SelfAssessmentState
pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(world):
    with_password(world.cio)
    return hand_in(world)


@pytest.fixture
def cio(client, world, waiting):
    client.force_login(world.cio)
    return client


def url(row, name="sign"):
    return reverse(f"assessments:{name}", args=[row.pk])


def sent(client, row, **changes):
    """What the form on the page sends."""
    return {**client.get(url(row)).context["sign_form"].initial, "password": PASSWORD, **changes}


def test_the_password_is_asked_and_recorded(cio, waiting):
    response = cio.post(url(waiting), sent(cio, waiting), follow=True)
    assert "已签署并报送" in response.text
    assert AuditEvent.objects.get(action="selfassessment.sign").data["reauthenticated"] == "password"


@pytest.mark.parametrize(("password", "message"), [("wrong", "密码不正确，未签署"), ("", "请输入您的登录密码")])
def test_without_the_right_password_nothing_is_signed(cio, waiting, password, message):
    response = cio.post(url(waiting), sent(cio, waiting, password=password))
    assert response.status_code == 400
    assert message in response.text
    assert 'id="id_password"' in response.text
    waiting.refresh_from_db()
    assert (waiting.state, waiting.content) == (S.AWAITING_SIGNATURE, None)


def test_the_password_of_somebody_else_does_not_sign(cio, world, waiting):
    other = with_password(member(world.institution, Role.CIO))
    other.set_password("another-2026-portal")
    other.save()
    assert "密码不正确" in cio.post(url(waiting), sent(cio, waiting, password="another-2026-portal")).text


def test_guessing_ends_after_a_few_attempts_even_with_the_right_one(cio, waiting):
    data = sent(cio, waiting)
    for _ in range(12):
        cio.post(url(waiting), data | {"password": "guess"})
    response = cio.post(url(waiting), data)
    assert "密码输入次数过多" in response.text
    waiting.refresh_from_db()
    assert waiting.state == S.AWAITING_SIGNATURE


def test_who_has_no_password_confirms_on_the_librarys_page(client, world):
    waiting = hand_in(world)
    world.cio.set_unusable_password()
    world.cio.save()
    client.force_login(world.cio)
    response = client.get(url(waiting))
    assert "password" not in response.context["sign_form"].fields, "allauth has no means to ask: the session counts"
    data = dict(response.context["sign_form"].initial)
    client.post(url(waiting), data)
    assert AuditEvent.objects.get(action="selfassessment.sign").data["reauthenticated"] == "session"


def test_what_changed_since_it_was_read_is_told_with_links(cio, world, waiting):
    data = sent(cio, waiting)
    level, files = world.requirement(K.MATURITY), world.requirement(K.EVIDENCE)
    waiting.answers.filter(requirement=level).update(level=5)
    file = EvidenceFactory(assignment=world.first_assignment, requirement=files)
    waiting.answers.get(requirement=files).evidence.add(file)
    response = cio.post(url(waiting), data)
    assert response.status_code == 400
    assert response.context["changed"] == [files.reference, level.reference] == ["1.1", "1.2"]
    assert f'href="#answer-{level.reference}"' in response.text
    assert f'id="answer-{level.reference}"' in response.text
    waiting.refresh_from_db()
    assert waiting.state == S.AWAITING_SIGNATURE
    cio.post(url(waiting), sent(cio, waiting))
    waiting.refresh_from_db()
    assert waiting.state == S.SUBMITTED


def test_a_change_outside_the_answers_is_told_without_a_list(cio, world, waiting):
    data = sent(cio, waiting)
    world.institution.name = "更名后的示例证券有限公司"
    world.institution.save()
    response = cio.post(url(waiting), data)
    assert response.context["changed"] == []
    assert "内容已有变化" in response.text


@pytest.mark.parametrize("shown", ["", "1.1:zz", "x" * 5000])
def test_a_page_that_does_not_say_what_it_showed_signs_only_the_same_content(cio, waiting, shown):
    response = cio.post(url(waiting), sent(cio, waiting, shown=shown, seen_sha256="0" * 64))
    assert "内容已有变化" in response.text
    cio.post(url(waiting), sent(cio, waiting, shown=shown))
    waiting.refresh_from_db()
    assert waiting.state == S.SUBMITTED


def test_two_cios_sign_once_and_the_second_is_told(cio, world, waiting):
    other = Client()
    other.force_login(with_password(member(world.institution, Role.CIO)))
    mine, theirs = sent(cio, waiting), sent(other, waiting)
    cio.post(url(waiting), mine)
    response = other.post(url(waiting), theirs, follow=True)
    assert "当前状态为“已报送”，现在不能执行此操作" in response.text
    assert AuditEvent.objects.filter(action="selfassessment.sign").count() == 1


def test_the_record_of_the_signature_stands_beside_the_version(client, world):
    version = signed(world)
    client.force_login(world.contributor)
    page = client.get(url(version, "detail")).text
    assert "签署记录" in page
    assert version.sha256 in page and version.sm3 in page and world.cio.name in page
    client.force_login(world.supervisor)
    assert version.sm3 in client.get(url(version, "review_self_assessment")).text


def test_a_deadline_that_passes_meanwhile_makes_it_late_and_not_lost(client, world):
    world.cycle.due_on = timezone.localdate()
    world.cycle.save()
    with_password(world.cio)
    waiting = hand_in(world)
    tomorrow = datetime.datetime.combine(
        timezone.localdate() + datetime.timedelta(days=2), datetime.time(9), timezone.get_current_timezone()
    )
    assert waiting.days_late == 0
    with time_machine.travel(tomorrow, tick=False):
        client.force_login(world.cio)
        page = client.get(url(waiting))
        assert "已逾期 2 天" in page.text
        client.post(url(waiting), sent(client, waiting))
        waiting.refresh_from_db()
        assert (waiting.state, waiting.days_late) == (S.SUBMITTED, 2)
        assert "逾期 2 天签署" in client.get(url(waiting, "detail")).text
    assert waiting.days_late == 2, "the days between are what counts, not when one looks"


def test_handing_in_says_that_it_is_late(client, world):
    world.cycle.opens_on = timezone.localdate() - datetime.timedelta(days=9)
    world.cycle.due_on = timezone.localdate() - datetime.timedelta(days=3)
    world.cycle.save()
    client.force_login(world.contributor)
    assert "已逾期 3 天" in client.get(url(world.draft, "hand_in")).text
    assert "已逾期 3 天" in client.get(url(world.draft, "detail")).text


def test_what_is_missing_is_named_with_links(client, world):
    requirement = world.requirement(K.YES_NO)
    AnswerFactory(self_assessment=world.draft, requirement=requirement, in_place=False)
    client.force_login(world.contributor)
    for name in ("detail", "hand_in"):
        page = client.get(url(world.draft, name)).text
        assert "缺整改措施" in page
        assert f"#requirement-{requirement.pk}" in page


def test_a_draft_costs_the_same_queries_whatever_is_answered_and_linked(client, world):
    client.force_login(world.contributor)
    client.get(url(world.draft, "detail"))
    with CaptureQueriesContext(connection) as none:
        client.get(url(world.draft, "detail"))
    requirement = world.requirement(K.EVIDENCE)
    answer = AnswerFactory(self_assessment=world.draft, requirement=requirement, in_place=True)
    answer.evidence.set([EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for _ in range(3)])
    with CaptureQueriesContext(connection) as some:
        page = client.get(url(world.draft, "detail"))
    assert len(some) == len(none)
    (line,) = [line for line in lines_of(world.draft) if line.requirement == requirement]
    assert line.files == 3
    assert page.context["answered"] == 1


def test_the_action_asks_for_nothing_when_no_page_does(world):
    waiting = hand_in(world)
    actions.sign(self_assessment=waiting, seen_sha256=seen(waiting), by=world.cio)
    assert AuditEvent.objects.get(action="selfassessment.sign").data["reauthenticated"] == ""
