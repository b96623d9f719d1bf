"""Rows of the doing. Drafts are the institution's own: a supervisor sees states, and what the CIO signed."""

from tasks.querysets.bulk import (
    BulkExtensionQuerySet,
    ExtendedAssignmentQuerySet,
    UrgedInstitutionQuerySet,
    UrgingQuerySet,
)
from tasks.querysets.evidence import (
    AccessQuerySet,
    EvidenceManager,
    EvidenceQuerySet,
    EvidenceUploadQuerySet,
)
from tasks.querysets.requests import (
    ChangeRequestQuerySet,
)
from tasks.querysets.standing import (
    HELD,
    AssignmentChangeQuerySet,
    AssignmentQuerySet,
    StandingQuerySet,
    past_deadline,
    tally_of,
)
from tasks.querysets.submissions import (
    StatementQuerySet,
    SubmissionQuerySet,
)

__all__ = [
    "HELD",
    "AccessQuerySet",
    "AssignmentChangeQuerySet",
    "AssignmentQuerySet",
    "BulkExtensionQuerySet",
    "ChangeRequestQuerySet",
    "EvidenceManager",
    "EvidenceQuerySet",
    "EvidenceUploadQuerySet",
    "ExtendedAssignmentQuerySet",
    "StandingQuerySet",
    "StatementQuerySet",
    "SubmissionQuerySet",
    "UrgedInstitutionQuerySet",
    "UrgingQuerySet",
    "past_deadline",
    "tally_of",
]
