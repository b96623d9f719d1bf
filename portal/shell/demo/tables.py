"""The tables that the work of institutions fills, in an order that foreign keys allow."""

from __future__ import annotations

from assessments.models import Answer, Rectification, RectificationStep, Remark, Review, Score, SelfAssessment
from portal.audit.models import AuditEvent
from portal.shell.demo.table import Table
from tasks.models import Assignment, AssignmentChange, ChangeRequest, Evidence, Statement, Submission
from vault.models import StoredFile


class Tables:
    def __init__(self) -> None:
        self.files = Table(StoredFile)
        self.assignments, self.statements, self.evidence = Table(Assignment), Table(Statement), Table(Evidence)
        self.changes = Table(AssignmentChange)
        self.submissions, self.held = Table(Submission), Table(Submission.evidence.through)
        self.self_assessments, self.answers = Table(SelfAssessment), Table(Answer)
        self.linked, self.scores = Table(Answer.evidence.through), Table(Score)
        self.requests = Table(ChangeRequest)
        self.reviews, self.remarks, self.events = Table(Review), Table(Remark), Table(AuditEvent)
        self.rectifications, self.rectification_steps = Table(Rectification), Table(RectificationStep)
        self.rectification_files = Table(RectificationStep.evidence.through)

    def all(self) -> list[Table]:
        return list(vars(self).values())

    def flush(self) -> None:
        for table in self.all():
            table.flush()
