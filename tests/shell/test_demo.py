"""The demo: deterministic, true to the rules that real work keeps, and a good start for the README's story."""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assessments.actions.scores import score_rows, tasks_of
from assessments.content import content_to_sign as self_assessment_to_sign
from assessments.enums import RectificationState, SelfAssessmentState, Verdict
from assessments.models import Answer, Cycle, Rectification, Remark, Review, Score, SelfAssessment
from assessments.queue import self_assessments_to_review, submissions_to_review
from plan.models import Plan, Schedule
from portal.accounts.credit_code import validate_credit_code
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Authority, Institution, User
from portal.audit.actions import verify
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from portal.shell.demo.accounts import NAMED
from portal.shell.demo.load import load
from tasks.actions import content_to_sign, missing
from tasks.enums import AssignmentState, BulkExtensionState, RequestKind, RequestState
from tasks.models import Assignment, AssignmentChange, BulkExtension, ChangeRequest, Evidence, Submission
from tests.factories.accounts import InstitutionFactory, UserFactory, every_region
from tests.factories.plan import TaskFactory
from vault.models import StoredFile

A, S = AssignmentState, SelfAssessmentState
SIZE, SEED = 40, 2014

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


def load_quietly(seed: int = SEED) -> None:
    load(institutions=SIZE, seed=seed, say=lambda line: None)


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        before = structure()
        every_region()
        load_quietly()
        yield before
        transaction.set_rollback(True)


def structure() -> set[tuple[str, str]]:
    """Every constraint and index of the database, as it is defined; casts aside, which PostgreSQL writes either way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0")
        constraints = cursor.fetchall()
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        definitions = {*constraints, *cursor.fetchall()}
    return {(name, re.sub(r"::[a-z ]+(\[\])?|[()]", "", definition)) for name, definition in definitions}


def snapshot() -> dict[str, list]:
    """What was invented, without ids that sequences gave."""
    assignments = Assignment.objects.order_by("institution__credit_code", "task__number")
    return {
        "people": list(User.objects.order_by("email").values_list("email", "name")),
        "assignments": list(
            assignments.values_list("institution__name", "task__number", "state", "deadline", "submitted_at")
        ),
        "submissions": sorted(Submission.objects.values_list("sha256", flat=True)),
        "self-assessments": sorted(SelfAssessment.objects.values_list("institution__name", "state", "sha256")),
        "reviews": sorted(Review.objects.values_list("created_at", "verdict", "comment")),
    }


def user(email: str) -> User:
    return User.objects.get(email=email)


# --- The command ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_seed_always_gives_the_same_and_another_seed_gives_another():
    seen = []
    for seed in (SEED, SEED, SEED + 1):
        with transaction.atomic():
            load_quietly(seed)
            seen.append(snapshot())
            transaction.set_rollback(True)
    assert seen[0] == seen[1]
    assert all(seen[0][part] != seen[2][part] for part in seen[0])


@pytest.mark.django_db
def test_a_database_with_people_is_refused():
    UserFactory()
    with pytest.raises(CommandError, match="already has people"):
        call_command("load_demo")
    assert not Institution.objects.exists()


@pytest.mark.django_db
def test_production_and_too_small_a_demo_are_refused(settings):
    with pytest.raises(CommandError, match="at least 40"):
        call_command("load_demo", institutions=3)
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_the_accounts_can_be_printed_without_a_database():
    output = io.StringIO()
    call_command("load_demo", accounts=True, stdout=output)
    assert all(account.email in output.getvalue() for account in NAMED)
    assert settings.DEMO_PASSWORD in output.getvalue()


@pytest.mark.django_db
def test_rolling_out_a_plan_gives_everybody_its_tasks_once():
    task = TaskFactory()
    InstitutionFactory.create_batch(2)
    for created in (2, 0):
        output = io.StringIO()
        call_command("roll_out", task.plan.slug, stdout=output)
        assert output.getvalue().startswith(f"{created} new")
    with pytest.raises(CommandError, match="no plan"):
        call_command("roll_out", "unheard-of")


# --- The world --------------------------------------------------------------------------------------------


def test_there_are_institutions_of_all_kinds_in_several_regions(demo):
    assert Institution.objects.count() == SIZE
    assert set(Institution.objects.values_list("kind", flat=True)) == set(InstitutionKind.values)
    assert Institution.objects.values("region").distinct().count() >= 5
    assert Authority.objects.count() == 6


def test_institutions_are_invented_and_say_so_and_their_codes_are_valid(demo):
    for institution in Institution.objects.all():
        assert "示例" in institution.name
        assert "Example" in institution.name_en
        validate_credit_code(institution.credit_code)


def test_today_falls_into_the_fifth_year_and_no_deadline_is_official(demo):
    plan, today = Plan.objects.get(), timezone.localdate()
    assert plan.starts_on.year + 4 == today.year
    assert not Schedule.objects.filter(is_official=True).exists()
    granted = ChangeRequest.objects.exclude(granted_deadline=None).values("assignment")
    official = Assignment.objects.filter(deadline_is_official=True, bulk_extensions=None)
    assert not official.exclude(pk__in=granted).exists()
    days = {(due_on - today).days for due_on in Schedule.objects.values_list("due_on", flat=True)}
    assert {0, 1, 7, 30} <= days
    assert min(days) < -100


def test_everybody_has_every_task_as_rolling_out_would_give_them(demo):
    output = io.StringIO()
    call_command("roll_out", Plan.objects.get().slug, stdout=output)
    assert output.getvalue().startswith("0 new")
    assert Assignment.objects.count() == SIZE * 25


def test_nothing_that_was_put_aside_while_loading_is_missing(demo):
    assert structure() == demo


# --- The work ---------------------------------------------------------------------------------------------


def test_work_is_in_every_state(demo):
    assert set(Assignment.objects.values_list("state", flat=True)) == set(AssignmentState.values)
    assert set(SelfAssessment.objects.values_list("state", flat=True)) == set(SelfAssessmentState.values)
    assert set(Review.objects.values_list("verdict", flat=True)) == set(Verdict.values)
    assert Assignment.objects.overdue().exists()
    assert Submission.objects.filter(number=2).exists()


def test_kinds_and_tasks_differ_as_in_life(demo):
    accepted = Counter(Assignment.objects.filter(state=A.ACCEPTED).values_list("institution", flat=True))
    assert max(accepted.values()) > 2 * min(accepted.values())
    by_task = Counter(Assignment.objects.filter(state=A.ACCEPTED).values_list("task__number", flat=True))
    assert len(set(by_task.values())) > 5


def test_what_is_signed_is_what_stands_there_and_its_digest_is_right(demo):
    signed = Submission.objects.select_related("assignment__task__plan", "assignment__institution")
    latest = signed.order_by("assignment_id", "-number").distinct("assignment_id")
    for submission in signed:
        assert (submission.sha256, submission.sm3) == digests(canonical_json(submission.content))
    for submission in latest.filter(assignment__state__in=[A.SUBMITTED, A.ACCEPTED]):
        assert submission.content == content_to_sign(submission.assignment)
    for submission in latest.filter(assignment__state=A.RETURNED):
        for requirement in submission.content["requirements"]:
            requirement.pop("reply", "")  # a return wants new replies
        assert submission.content == content_to_sign(submission.assignment)


def test_self_assessments_hold_what_their_answers_say(demo):
    open_cycle = Cycle.objects.first()
    for row in SelfAssessment.objects.exclude(content=None).select_related("cycle__plan", "institution"):
        assert (row.sha256, row.sm3) == digests(canonical_json(row.content))
        if row.cycle == open_cycle:
            assert row.content == self_assessment_to_sign(row)


def without_evidence(content) -> dict:
    """What was linked at the time may have been replaced since."""
    tasks = [
        task | {"requirements": [entry | {"evidence": []} for entry in task["requirements"]]}
        for task in content["tasks"]
    ]
    return content | {"tasks": tasks}


def test_every_signed_self_assessment_has_the_shape_and_the_measures_of_a_real_one(demo):
    replies = measures = 0
    signed = SelfAssessment.objects.exclude(content=None).with_progress().select_related("cycle__plan", "institution")
    for row in signed:
        assert without_evidence(row.content) == without_evidence(self_assessment_to_sign(row))
        assert row.answered_total == row.asked_total
        entries = [entry for task in row.content["tasks"] for entry in task["requirements"]]
        replies += sum("reply" in entry for entry in entries)
        measures += sum("measure" in entry for entry in entries)
    assert replies
    assert measures


def test_scores_are_those_that_a_signature_keeps(demo):
    for row in SelfAssessment.objects.exclude(content=None).select_related("cycle").prefetch_related("scores"):
        kept = {(score.theme_id, score.task_id, score.value) for score in row.scores.all()}
        rows = score_rows(row, tasks_of(row.cycle.plan_id))
        assert kept == {(score.theme_id, score.task_id, score.value) for score in rows}
    assert not Score.objects.filter(self_assessment__content=None).exists()


def test_drafts_of_the_open_cycle_carry_over_what_was_accepted(demo):
    carried = Answer.objects.filter(is_carried_over=True).select_related("self_assessment__cycle")
    assert carried.exists()
    assert not carried.exclude(self_assessment__state=S.DRAFT).exists()
    for answer in carried:
        accepted = Answer.objects.filter(
            requirement=answer.requirement_id,
            self_assessment__institution=answer.self_assessment.institution_id,
            self_assessment__state=S.ACCEPTED,
        ).order_by("-self_assessment__cycle__period_ends_on")
        assert (answer.level, answer.in_place, answer.numerator, answer.measure, answer.reply) == (
            *accepted.values_list("level", "in_place", "numerator", "measure")[0],
            "",
        )


def test_work_before_a_signature_is_complete_and_work_under_way_is_not(demo):
    for assignment in Assignment.objects.filter(state=A.AWAITING_SIGNATURE):
        assert not missing(assignment)
    for assignment in Assignment.objects.filter(state=A.IN_PROGRESS).with_progress():
        assert assignment.requirements_done < assignment.requirements_total


def test_every_return_says_why(demo):
    for review in Review.objects.filter(verdict=Verdict.RETURNED):
        assert review.reasons
    remarks = Remark.objects.filter(review__verdict=Verdict.ACCEPTED)
    assert set(remarks.values_list("verdict", flat=True)) == {Verdict.ACCEPTED}


def test_nothing_happened_in_the_future_or_before_its_cause(demo):
    now = timezone.now()
    for a in Assignment.objects.filter(submitted_at__isnull=False).exclude(state=A.IN_PROGRESS):
        assert a.created_at < a.started_at < a.handed_in_at <= now
    for submission in Submission.objects.select_related("review"):
        assert submission.signed_at <= now
        if hasattr(submission, "review"):
            assert submission.signed_at < submission.review.created_at <= now
    assert not Evidence.objects.filter(uploaded_at__gt=now).exists()


def test_every_evidence_row_points_to_a_file_with_its_digest(demo):
    assert not Evidence.objects.exclude(stored__institution=F("institution"), stored__state="clean").exists()
    one_of_each = StoredFile.objects.order_by("sha256").distinct("sha256")
    assert len(one_of_each) > 5
    for stored in one_of_each:
        with stored.open() as file:
            assert digests(file.read()) == (stored.sha256, stored.sm3)


def test_the_audit_trail_verifies_and_ends_in_the_state_of_each_assignment(demo):
    for institution in [None, *Institution.objects.values_list("pk", flat=True)]:
        assert not list(verify(institution))
    last = {}
    for event in AuditEvent.objects.filter(target_type="tasks.assignment", data__has_key="to").order_by("pk"):
        assert event.data["from"] == last.get(event.target_id, A.NOT_STARTED)
        last[event.target_id] = event.data["to"]
    for pk, state in Assignment.objects.values_list("pk", "state"):
        assert last.get(str(pk), A.NOT_STARTED) == state


def test_the_facts_of_each_assignment_lead_from_its_creation_to_what_it_is(demo):
    changes = defaultdict(list)
    for change in AssignmentChange.objects.order_by("at", "pk"):
        changes[change.assignment_id].append(change)
    for row in Assignment.objects.all():
        first, *later = changes[row.pk]
        assert (first.from_state, first.to_state, first.at) == ("", "not_started", row.created_at)
        for before, after in pairwise([first, *later]):
            assert (after.from_state, after.from_deadline) == (before.to_state, before.to_deadline)
        last = changes[row.pk][-1]
        assert (last.to_state, last.to_deadline) == (row.state, row.deadline)


# --- The accounts and the story ---------------------------------------------------------------------------


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


# --- Rectifications ---------------------------------------------------------------------------------------


def test_rectifications_are_in_every_state_and_their_courses_are_true(demo):
    rows = list(Rectification.objects.prefetch_related("steps__evidence"))
    assert {row.state for row in rows} == set(RectificationState.values)
    assert any(row.is_escalated for row in rows)
    ends = {"opened": "open", "reopened": "open", "rescheduled": "open", "answered": "unverified", "closed": "closed"}
    for row in rows:
        steps = sorted(row.steps.all(), key=lambda step: step.pk)
        assert steps[0].kind == "opened"
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at <= timezone.now()
        assert (ends[steps[-1].kind], steps[-1].deadline) == (row.state, row.deadline)
        assert all(file.institution_id == row.institution_id for step in steps for file in step.evidence.all())
        assert all(file.frozen_at for step in steps for file in step.evidence.all())


def test_the_named_firms_and_their_supervisor_find_rectifications(demo):
    for firm in ("sec01", "fut01"):
        own = Rectification.objects.visible_to(user(f"contributor@{firm}.example"))
        assert own.filter(state=RectificationState.OPEN).exists()
    seen = Rectification.objects.visible_to(user("supervisor@shanghai.example"))
    tally = seen.tally(timezone.localdate(), user("supervisor@shanghai.example").active_memberships[0].authority)
    assert min(tally.values()) >= 1


def test_requests_are_in_every_state_and_true(demo):
    """The named firms have some, too; a deadline is the one granted, and an exemption has its reason."""
    requests = ChangeRequest.objects.select_related("assignment__institution")
    for account in ("contributor@sec01.example", "contributor@fut01.example"):
        own = requests.own(User.objects.get(email=account))
        assert own.pending().filter(kind=RequestKind.EXTENSION).exists()
        assert len({row.state for row in own}) >= 3
    assert {row.state for row in requests} == set(RequestState.values)
    for row in requests:
        if row.granted_deadline:
            assert row.assignment.deadline == row.granted_deadline > row.old_deadline
        elif row.state == RequestState.GRANTED:
            assert row.assignment.exempted_reason == row.reason
        elif row.is_pending:
            assert not row.assignment.is_closed
        assert row.requested_at < (row.decided_at or row.withdrawn_at or timezone.now())
    assert AuditEvent.objects.filter(action="changerequest.filed").count() == requests.count()


def test_the_commission_extended_a_few_and_that_can_be_undone(demo):
    extension = BulkExtension.objects.get()
    assert (extension.state, extension.by) == (BulkExtensionState.EXTENDED, user("lead@csrc.example"))
    assert extension.is_undoable
    assert extension.extended.undoable().count() == extension.assignments > 1
