"""Rectifications of the demo."""

import pytest
from django.utils import timezone

from assessments.enums import RectificationState
from assessments.models import Rectification
from tests.shell.demo.loaded import user

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


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
