"""The doing: what one institution owes for one task, its statements and evidence, and what its CIO signed."""

from tasks.models.assignments import Assignment, Statement
from tasks.models.changes import AssignmentChange
from tasks.models.evidence import Evidence, EvidenceAccess, EvidenceUpload
from tasks.models.extensions import BulkExtension, ExtendedAssignment
from tasks.models.requests import ChangeRequest
from tasks.models.submissions import Submission
from tasks.models.urgings import UrgedInstitution, Urging

__all__ = [
    "Assignment",
    "AssignmentChange",
    "BulkExtension",
    "ChangeRequest",
    "Evidence",
    "EvidenceAccess",
    "EvidenceUpload",
    "ExtendedAssignment",
    "Statement",
    "Submission",
    "UrgedInstitution",
    "Urging",
]
