"""What is in a package: only what the CIO signed, as the person who asked may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Remark, Review, SelfAssessment
from assessments.signed import answer_in_words
from portal.accounts.models import Institution, Membership
from portal.audit.canonical import canonical_json, digests
from reports.models import Report
from reports.packages.names import file_path
from reports.permissions import membership_for
from tasks.models import Assignment, Evidence, Submission
from vault.enums import Fault, FileState
from vault.models import StoredFile

FORMAT = "evidence-package"
VERSION = 1


class Refused(Exception):
    """The package is not made, and trying again would not help. In words for the person who asked."""


@dataclass
class Contents:
    """`index` is what index.json and index.html say. `signed` are the signed bytes by path.

    `files` are the versions to be copied, by the path at which they go; `facts` what the index says of each.
    """

    index: dict[str, Any]
    signed: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, Evidence] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def packed(self) -> list[str]:
        """The ids of the evidence whose bytes are in the package."""
        return [pk for pk, entry in self.facts.items() if entry["path"]]

    def leave_out(self, path: str, missing: dict[str, Any]) -> None:
        """The file at the path cannot be in the package; every mention of it says why."""
        for entry in self._mentions(path):
            entry |= {"path": None, "missing": missing}

    def _mentions(self, path: str) -> Iterator[dict[str, Any]]:
        return (entry for entry in self.facts.values() if entry["path"] == path)


def gather(report: Report) -> Contents:
    """Read everything but the bytes. Raises PermissionDenied when the person who asked lost the role or the scope."""
    reader = report.requested_by
    membership = membership_for(reader, report)
    in_reach = Institution.objects.visible_to(reader, acting=membership).filter(pk=report.institution_id)
    if membership is None or not in_reach.exists():
        raise PermissionDenied
    contents = Contents(_head(report, membership))
    evidence = Evidence.objects.visible_to(reader, acting=membership).filter(
        institution=report.institution, frozen_at__isnull=False
    )
    assignments = Assignment.objects.visible_to(reader, acting=membership).filter(
        institution=report.institution, task__plan=report.plan
    )
    if report.assignment_id:
        evidence = evidence.filter(assignment=report.assignment_id)
        assignments = assignments.filter(pk=report.assignment_id)
    signed = Submission.objects.visible_to(reader, acting=membership).filter(assignment__in=assignments)
    submissions: dict[int, list[Submission]] = {}
    for submission in _reviewed(signed).order_by("number"):
        submissions.setdefault(submission.assignment_id, []).append(submission)
    files = {str(file.pk): file for file in evidence.select_related("stored__deleted_by", "assignment__task")}
    contents.index["tasks"] = [
        _task(contents, files, assignment, submissions.get(assignment.pk, []))
        for assignment in assignments.select_related("task").order_by("task__number")
    ]
    contents.index["self_assessments"] = [
        _self_assessment(contents, files, self_assessment) for self_assessment in _self_assessments(report, membership)
    ]
    contents.index["files"] = list(contents.facts.values())
    return contents


def _head(report: Report, membership: Membership) -> dict[str, Any]:
    plan, institution = report.plan, report.institution
    return {
        "format": FORMAT,
        "version": VERSION,
        "number": report.number,
        "made_at": timezone.now(),
        "language": report.language,
        "requested_by": {"name": report.requested_by.name, "body": membership.body.name},
        "plan": {"code": plan.slug, "title": plan.title, "title_en": plan.title_en},
        "institution": {
            "name": institution.name,
            "name_en": institution.name_en,
            "credit_code": institution.credit_code,
        },
        "task": report.assignment.task.number if report.assignment else None,
    }


def _reviewed(rows):
    return rows.select_related("signed_by", "review__authority", "review__reviewer").prefetch_related(
        "review__remarks__requirement__task"
    )


def _self_assessments(report: Report, membership: Membership):
    if report.assignment_id:
        return SelfAssessment.objects.none()
    rows = SelfAssessment.objects.visible_to(report.requested_by, acting=membership).filter(
        institution=report.institution, cycle__plan=report.plan, signed_at__isnull=False
    )
    return _reviewed(rows).select_related("cycle").order_by("cycle__period_ends_on", "cycle__kind", "version")


def _task(
    contents: Contents, files: dict[str, Evidence], assignment: Assignment, submissions: list[Submission]
) -> dict[str, Any]:
    task = assignment.task
    return {
        "number": task.number,
        "title": task.local_title,
        "part": assignment.part,
        "part_in_words": assignment.get_part_display(),
        "deadline": assignment.deadline,
        "state": assignment.state,
        "state_in_words": assignment.get_state_display(),
        "submissions": [
            {
                "number": submission.number,
                **_signed(contents, submission, f"submissions/{task.number}-{submission.number}/content.json"),
                "requirements": [_requirement(contents, files, entry) for entry in submission.content["requirements"]],
            }
            for submission in submissions
        ],
    }


def _self_assessment(contents: Contents, files: dict[str, Evidence], signed: SelfAssessment) -> dict[str, Any]:
    cycle = signed.cycle
    path = f"self-assessments/{cycle.period_ends_on}-{cycle.kind}-{signed.version}/content.json"
    return {
        "cycle": cycle.local_title,
        "period_starts_on": cycle.period_starts_on,
        "period_ends_on": cycle.period_ends_on,
        "version": signed.version,
        **_signed(contents, signed, path),
        "tasks": [
            {
                "number": task["number"],
                "title": task["title"],
                "requirements": [_requirement(contents, files, entry) for entry in task["requirements"]],
            }
            for task in signed.content["tasks"]
        ],
    }


def _signed(contents: Contents, signed: Submission | SelfAssessment, path: str) -> dict[str, Any]:
    """The signed bytes go to `path`. Raises Refused when they are not those that were signed."""
    content = canonical_json(signed.content)
    if digests(content) != (signed.sha256, signed.sm3):
        raise Refused(_("%(path)s 与签署时登记的摘要不符，未生成材料包。请联系平台管理员。") % {"path": path})
    contents.signed[path] = content
    return {
        "signed_by": signed.signed_by.name,
        "signed_at": signed.signed_at,
        "sha256": signed.sha256,
        "sm3": signed.sm3,
        "content": path,
        "review": _review(getattr(signed, "review", None)),
    }


def _review(review: Review | None) -> dict[str, Any] | None:
    if review is None:
        return None
    return {
        "verdict": review.verdict,
        "verdict_in_words": str(review.outcome),
        "authority": review.authority.local_name,
        "reviewer": review.reviewer.name,
        "at": review.created_at,
        "comment": review.comment,
        "reasons": _remarks(review.reasons),
        "comments": _remarks(review.comments),
    }


def _remarks(remarks: list[Remark]) -> list[dict[str, str]]:
    return [{"reference": remark.requirement.reference, "text": remark.text} for remark in remarks]


def _requirement(contents: Contents, files: dict[str, Evidence], entry: dict[str, Any]) -> dict[str, Any]:
    is_answer = "answer" in entry
    return {
        "reference": entry["reference"],
        "text": entry["text"],
        "statement": entry["justification"] if is_answer else entry["statement"],
        "answer": entry["answer"] if is_answer else None,
        "answer_in_words": answer_in_words(entry) if is_answer else "",
        "evidence": [_file(contents, files.get(file["id"]), file) for file in entry["evidence"]],
    }


def _file(contents: Contents, evidence: Evidence | None, signed: dict[str, Any]) -> dict[str, Any]:
    """What the index says of a version, once for all its mentions. Raises Refused for another content than signed."""
    if signed["id"] in contents.facts:
        return contents.facts[signed["id"]]
    facts = {**signed, "task": None, "version": None, "type": "", "path": None, "missing": None}
    contents.facts[signed["id"]] = facts
    if evidence is None:
        facts["missing"] = missing("unknown")
        return facts
    stored = evidence.stored
    if (stored.sha256, stored.sm3) != (signed["sha256"], signed["sm3"]):
        raise Refused(changed(signed["name"]))
    number = evidence.assignment.task.number
    facts |= {"task": number, "version": evidence.version, "type": evidence.content_type}
    facts["missing"] = why_missing(stored)
    if not facts["missing"]:
        facts["path"] = file_path(number, evidence.original_name, evidence.sha256)
        contents.files[facts["path"]] = evidence
    return facts


def changed(name: str) -> str:
    return _("材料“%(name)s”的内容与登记的摘要不符，为免误用，未生成材料包。请联系平台管理员。") % {"name": name}


def why_missing(stored: StoredFile) -> dict[str, Any] | None:
    """Why a file cannot be in a package, as far as is known before it is read."""
    if stored.state == FileState.DELETED:
        assert stored.deleted_by
        who = {"at": stored.deleted_at, "by": stored.deleted_by.name, "reason": stored.deleted_reason}
        return missing("deleted") | who
    if stored.state == FileState.QUARANTINED:
        return missing("quarantined")
    if not stored.is_clean:
        return missing("unchecked")
    return missing(stored.fault) if stored.fault else None


def missing(code: str) -> dict[str, Any]:
    words = {
        "deleted": _("已按留存规定删除"),
        "quarantined": _("检出恶意代码，已隔离"),
        "unchecked": _("尚未检查完毕"),
        Fault.MISSING: _("存储中缺失"),
        Fault.CHANGED: _("存储中的内容与登记的摘要不符"),
        "unknown": _("登记信息缺失"),
    }
    return {"code": str(code), "in_words": words[code]}
