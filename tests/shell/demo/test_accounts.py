"""The named accounts, and a good start for the README's story."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from assessments.enums import SelfAssessmentState
from assessments.models import SelfAssessment
from assessments.queue import self_assessments_to_review, submissions_to_review
from portal.notices.models import Notice
from portal.shell.demo.accounts import NAMED
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.shell.demo.loaded import SIZE, user
from vault.models import StoredFile

A, S = AssignmentState, SelfAssessmentState

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.mark.parametrize("account", NAMED, ids=lambda account: account.email)
def test_the_named_accounts_sign_in_and_find_their_lists(demo, account):
    client = Client()
    assert client.login(email=account.email, password=settings.DEMO_PASSWORD)
    assert client.get(reverse("tasks:list"), follow=True).status_code == 200
    assert user(account.email).is_demo


def test_everybody_sees_their_own_part_of_it(demo):
    regions = Assignment.objects.visible_to(user("supervisor@shanghai.example")).values_list(
        "institution__region__code"
    )
    assert {code for (code,) in regions} == {"shanghai"}
    assert Assignment.objects.visible_to(user("lead@csrc.example")).count() == SIZE * 25
    assert Assignment.objects.visible_to(user("contributor@sec01.example")).count() == 25
    assert len(user("group@sec01.example").active_memberships) == 2


def test_a_contributor_finds_work_to_complete_and_reasons_to_answer(demo):
    own = Assignment.objects.visible_to(user("contributor@sec01.example"))
    assert own.filter(state=A.IN_PROGRESS).exists()
    returned = own.filter(state=A.RETURNED).first()
    assert returned.submissions.latest("number").review.reasons
    draft = SelfAssessment.objects.visible_to(user("contributor@sec01.example")).latest_versions().get(state=S.DRAFT)
    asked = sum(len(a.requirements) for a in own.exclude(state=A.NOT_APPLICABLE))
    assert draft.answers.filter(is_carried_over=False).count() == round(asked * 2 / 3)


def test_a_cio_finds_something_to_sign(demo):
    for email in ("cio@sec01.example", "cio@fut01.example"):
        assert Assignment.objects.visible_to(user(email)).filter(state=A.AWAITING_SIGNATURE).exists()


def test_a_supervisor_finds_both_kinds_in_the_queue(demo):
    supervisor = user("supervisor@shanghai.example")
    acting = supervisor.active_memberships[0]
    assert submissions_to_review(supervisor, acting).exists()
    assert self_assessments_to_review(supervisor, acting).exists()


def test_reminders_of_every_stage_are_in_the_inbox(demo):
    keys = Notice.objects.filter(recipient=user("contributor@sec01.example")).values_list("key", flat=True)
    stages = {key.rsplit(":", 1)[-1] for key in keys if key.startswith("reminder:")}
    assert {"+0d", "-7d", "-30d"} <= stages
    assert any(stage.startswith("+7d.") for stage in stages)


def test_the_words_of_documents_are_found_in_every_institution_that_has_them(demo):
    found = StoredFile.objects.search("应急演练")
    assert found.count() == StoredFile.objects.filter(name="应急演练总结报告.pdf").count() > 5
