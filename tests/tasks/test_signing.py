"""Signing a task's work: the password once more, what changed since, replies to what was returned, what is late."""

import datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from assessments import actions as assessments
from assessments.enums import Verdict
from portal.audit.models import AuditEvent
from tasks import actions
from tasks.actions import Draft
from tasks.enums import AssignmentState
from tasks.signing import ContentChanged, as_field, changed_since, from_field, shown_digests
from tests.assessments.world import returned as returned_for
from tests.factories.accounts import PASSWORD, with_password
from tests.factories.tasks import EvidenceFactory

S = AssignmentState


@pytest.fixture
def waiting(people, filled):
    with_password(people.cio)
    return actions.hand_in(assignment=filled, by=people.contributor)


def url(row, name="sign"):
    return reverse(f"tasks:{name}", args=[row.pk])


def sent(client, row, **changes):
    return {**client.get(url(row)).context["sign_form"].initial, "password": PASSWORD, **changes}


def sign(people, assignment):
    seen = actions.digests_to_sign(actions.content_to_sign(assignment)).sha256
    return actions.sign(assignment=assignment, seen_sha256=seen, by=people.cio)


def give_back(people, submission):
    """Returned for its first requirement."""
    requirement = submission.assignment.requirements.first()
    assessments.review_submission(
        submission=submission,
        verdict=Verdict.RETURNED,
        remarks={requirement.pk: returned_for("请附盖章的版本。")},
        by=people.supervisor,
        authority=people.authority,
    )
    submission.assignment.refresh_from_db()
    return submission.assignment, requirement


def test_the_password_is_asked_and_recorded(people, browse, waiting):
    client = browse(people.cio)
    client.post(url(waiting), sent(client, waiting))
    assert AuditEvent.objects.get(action="submission.signed").data["reauthenticated"] == "password"


@pytest.mark.parametrize(("password", "message"), [("wrong", "密码不正确，未签署"), ("", "请输入您的登录密码")])
def test_without_the_right_password_nothing_is_signed(people, browse, waiting, password, message):
    client = browse(people.cio)
    assert message in client.post(url(waiting), sent(client, waiting, password=password)).text
    assert not waiting.submissions.exists()


def test_guessing_ends_after_a_few_attempts(people, browse, waiting):
    client = browse(people.cio)
    data = sent(client, waiting)
    for _ in range(12):
        client.post(url(waiting), data | {"password": "guess"})
    assert "密码输入次数过多" in client.post(url(waiting), data).text
    assert not waiting.submissions.exists()


def test_what_changed_since_it_was_read_is_told_with_links(people, browse, waiting):
    client = browse(people.cio)
    data = sent(client, waiting)
    first, second = waiting.requirements.select_related("task")
    waiting.statements.filter(requirement=second).update(text="改过的说明。")
    response = client.post(url(waiting), data)
    assert response.context["changed"] == [second.reference]
    assert f'href="#signed-{second.reference}"' in response.text and f'id="signed-{second.reference}"' in response.text
    EvidenceFactory(assignment=waiting, requirement=first)
    assert client.post(url(waiting), data).context["changed"] == [first.reference, second.reference]
    assert not waiting.submissions.exists()


def test_the_action_names_what_changed(people, waiting):
    content = actions.content_to_sign(waiting)
    requirement = waiting.requirements.select_related("task").first()
    waiting.statements.filter(requirement=requirement).update(text="改过的说明。")
    with pytest.raises(ContentChanged, match=requirement.reference.replace(".", r"\.")):
        actions.sign(
            assignment=waiting,
            seen_sha256=actions.digests_to_sign(content).sha256,
            shown=shown_digests(content["requirements"]),
            by=people.cio,
        )


def test_what_was_shown_survives_the_form_and_garbage_is_nothing():
    entries = [{"reference": f"{task}.1", "statement": str(task)} for task in (2, 10)]
    shown = shown_digests(entries)
    assert from_field(as_field(shown)) == shown
    assert from_field("2.1:zz <script> 3") == {}
    assert changed_since(shown, entries) == []
    assert changed_since(shown, entries[:1]) == ["10.1"]
    assert changed_since(shown, [{**entry, "statement": "?"} for entry in entries]) == ["2.1", "10.1"]
    assert changed_since({}, entries) == []


# --- Replies ----------------------------------------------------------------------------------------------


def test_a_returned_requirement_wants_a_reply(people, waiting):
    assignment, requirement = give_back(people, sign(people, waiting))
    text = assignment.statements.get(requirement=requirement)
    actions.save_statements(
        assignment=assignment, drafts={requirement.pk: Draft("已改。", text.revision)}, by=people.contributor
    )
    assignment.refresh_from_db()
    with pytest.raises(ValidationError, match=requirement.reference.replace(".", r"\.")):
        actions.hand_in(assignment=assignment, by=people.contributor)
    drafts = {requirement.pk: Draft("已改。", text.revision + 1, "已附盖章的版本。")}
    actions.save_statements(assignment=assignment, drafts=drafts, by=people.contributor)
    assignment = actions.hand_in(assignment=assignment, by=people.contributor)
    first, second = sign(people, assignment).content["requirements"]
    assert (first["reply"], "reply" in second) == ("已附盖章的版本。", False)


def test_the_page_asks_for_it_where_the_reason_stands(people, browse, waiting):
    assignment, requirement = give_back(people, sign(people, waiting))
    client = browse(people.contributor)
    page = client.get(assignment.get_absolute_url())
    other = assignment.requirements.last()
    assert f'name="reply-{requirement.pk}"' in page.text and f'name="reply-{other.pk}"' not in page.text
    data = {field.html_name: field.value() for field in page.context["form"]}
    client.post(assignment.get_absolute_url(), data | {f"reply-{requirement.pk}": ""})
    client.post(assignment.get_absolute_url(), data | {f"text-{requirement.pk}": "已改。"})
    page = client.get(url(assignment, "hand_in"))
    assert "缺对退回理由的答复" in page.text
    data = {field.html_name: field.value() for field in client.get(assignment.get_absolute_url()).context["form"]}
    client.post(assignment.get_absolute_url(), data | {f"reply-{requirement.pk}": "已附盖章的版本。\r\n见附件。"})
    assert assignment.statements.get(requirement=requirement).reply == "已附盖章的版本。\n见附件。"
    page = client.get(url(assignment, "hand_in"))
    assert not page.context["missing"] and "已附盖章的版本。" in page.text


def test_a_reply_over_somebody_elses_is_stale(people, waiting):
    assignment, requirement = give_back(people, sign(people, waiting))
    statement = assignment.statements.get(requirement=requirement)
    for reply, by in (("甲", people.liaison), ("乙", people.contributor)):
        drafts = {requirement.pk: Draft(statement.text, statement.revision, reply)}
        if by == people.contributor:
            with pytest.raises(actions.StaleStatements):
                actions.save_statements(assignment=assignment, drafts=drafts, by=by)
        else:
            actions.save_statements(assignment=assignment, drafts=drafts, by=by)
    statement.refresh_from_db()
    assert statement.reply == "甲"


def test_a_second_return_wants_a_new_reply_and_a_withdrawal_none(people, waiting):
    assignment, requirement = give_back(people, sign(people, waiting))
    statement = assignment.statements.get(requirement=requirement)
    drafts = {requirement.pk: Draft("已改。", statement.revision, "已附。")}
    actions.save_statements(assignment=assignment, drafts=drafts, by=people.contributor)
    submission = sign(people, actions.hand_in(assignment=assignment, by=people.contributor))
    assignment.refresh_from_db()
    assessments.withdraw_submission(assignment=assignment, reason="附件有误。", by=people.cio)
    assignment.refresh_from_db()
    assert not actions.missing(assignment)
    assert list(actions.returned_requirements(assignment)) == [{"review__remarks__requirement": requirement.pk}]
    submission = sign(people, actions.hand_in(assignment=assignment, by=people.contributor))
    assignment, requirement = give_back(people, submission)
    assert actions.missing(assignment) == [requirement]


# --- Late -------------------------------------------------------------------------------------------------


def test_a_deadline_that_passes_meanwhile_makes_it_late_and_not_lost(people, browse, waiting):
    waiting.deadline = timezone.localdate()
    waiting.save()
    morning = datetime.datetime.combine(
        timezone.localdate() + datetime.timedelta(days=1), datetime.time(9), timezone.get_current_timezone()
    )
    with time_machine.travel(morning, tick=False):
        client = browse(people.cio)
        assert "已逾期 1 天" in client.get(url(waiting)).text
        client.post(url(waiting), sent(client, waiting))
        assert "逾期 1 天签署" in client.get(waiting.get_absolute_url()).text
    assert waiting.submissions.get().days_late == 1


def test_handing_in_says_that_it_is_late(people, browse, filled):
    filled.deadline = timezone.localdate() - datetime.timedelta(days=4)
    filled.save()
    assert "已逾期 4 天" in browse(people.contributor).get(url(filled, "hand_in")).text
