"""Requests and bulk extensions of the demo."""

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import AuditEvent
from tasks.enums import BulkExtensionState, RequestKind, RequestState
from tasks.models import BulkExtension, ChangeRequest
from tests.shell.demo.loaded import user

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


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
