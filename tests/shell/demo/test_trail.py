"""What the demo says happened: in order, with its files, and in the trail."""

from collections import defaultdict
from itertools import pairwise

import pytest
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import Institution
from portal.audit.actions import verify
from portal.audit.canonical import digests
from portal.audit.models import AuditEvent
from tasks.enums import AssignmentState
from tasks.models import Assignment, AssignmentChange, Evidence, Submission
from tasks.past import TIMES
from vault.models import StoredFile

A = AssignmentState

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


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
        assert [getattr(last, name) for name in TIMES] == [getattr(row, name) for name in TIMES]
