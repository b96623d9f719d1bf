"""What the audit trail says of a decision, and what of it could still be put back."""

from __future__ import annotations

from typing import Any

from portal.accounts.enums import Permission
from portal.accounts.models import Membership, User
from tasks.models import BulkExtension, ExtendedAssignment
from tasks.querysets import ExtendedAssignmentQuerySet


def facts_of(extension: BulkExtension) -> dict[str, Any]:
    """What the audit trail says of it."""
    return {
        "authority": extension.authority_id,
        "assignments": extension.assignments,
        "institutions": extension.institutions,
        "reason": extension.reason,
        "new_deadline": extension.new_deadline,
        "days": extension.days,
        "unit": extension.unit,
        "sha256": extension.sha256,
    }


def to_put_back(extension: BulkExtension, by: User, membership: Membership) -> ExtendedAssignmentQuerySet:
    """What an undoing would move back, among what the person may still decide on."""
    own = [m.institution_id for m in by.active_memberships if m.institution_id]
    rows = ExtendedAssignment.objects.supervised_by(by, Permission.GRANT_EXTENSIONS, acting=membership)
    return rows.filter(extension=extension).exclude(assignment__institution__in=own).undoable()
