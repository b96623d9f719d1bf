"""What the page of a task shows: a line for each requirement, the earlier submissions, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from plan.enums import Binding
from plan.models import Requirement
from portal.accounts.models import User
from tasks.enums import EDITABLE, AssignmentState
from tasks.models import Assignment, ChangeRequest, Evidence, Statement, Submission
from tasks.permissions import can_fill_in, can_review, can_sign
from vault import scanner

S = AssignmentState


@dataclass
class Line:
    """A requirement with what the institution says of it, its files, and why the supervisor returned it.

    A reason wants a reply before the work is handed in again.
    """

    requirement: Requirement
    statement: Statement | None = None
    files: list[Evidence] = field(default_factory=list)
    reason: str = ""

    @property
    def text(self) -> str:
        return self.statement.text if self.statement else ""

    @property
    def reply(self) -> str:
        return self.statement.reply if self.statement else ""

    @property
    def lacks_reply(self) -> bool:
        return bool(self.reason and not self.reply)

    @property
    def is_complete(self) -> bool:
        return bool(self.text and any(file.stored.is_clean for file in self.files))

    @property
    def waiting(self) -> int:
        """How many files wait for their check."""
        return sum(file.stored.is_waiting for file in self.files)

    @property
    def unchecked(self) -> list[Evidence]:
        """The files with which nothing can be handed in: those that wait, and those that did not pass."""
        return [file for file in self.files if not file.stored.is_clean]

    @property
    def expired(self) -> list[Evidence]:
        """The files whose validity has ended: they may be handed in, but who does should know."""
        return [file for file in self.files if file.stored.is_expired]

    @property
    def is_missing(self) -> bool:
        """Whether it keeps the assignment from being handed in."""
        return self.lacks_reply or (self.requirement.binding == Binding.MANDATORY and not self.is_complete)

    # The four that `side_progress` asks for.
    current = False

    @property
    def label(self) -> str:
        return f"{self.requirement.reference} {self.requirement.local_text}"

    @property
    def url(self) -> str:
        return f"#requirement-{self.requirement.pk}"

    @property
    def state(self) -> str:
        if self.is_complete and not self.lacks_reply:
            return "complete"
        return "in_progress" if self.text or self.files else "not_started"


def lines_of(assignment: Assignment, submissions: Sequence[Submission] = ()) -> list[Line]:
    """The lines in the plan's order, in three queries. Only for those who may see drafts."""
    lines = {r.pk: Line(r) for r in assignment.requirements.select_related("task")}
    for statement in assignment.statements.filter(requirement__in=lines).select_related("updated_by"):
        lines[statement.requirement_id].statement = statement
    for file in assignment.evidence.current().filter(requirement__in=lines).select_related("uploaded_by"):
        lines[file.requirement_id].files.append(file)
    for requirement, reason in returned_reasons(submissions).items():
        if requirement in lines:
            lines[requirement].reason = reason
    return list(lines.values())


def checks_held_up(lines: Sequence[Line]) -> bool:
    """Whether files wait and nobody checks them: the scanner is down. Asked only while files wait."""
    return any(line.waiting for line in lines) and not scanner.is_answering()


def submissions_of(assignment: Assignment) -> QuerySet[Submission]:
    """Every signed version, newest first, with its review: a fixed number of queries."""
    return (
        assignment.submissions.with_withdrawn()
        .select_related("signed_by", "review__reviewer", "review__authority")
        .prefetch_related("review__remarks__requirement__task")
        .order_by("-number")
    )


def requests_of(assignment: Assignment) -> list[ChangeRequest]:
    """What was asked of the supervisor, newest first."""
    rows = assignment.change_requests.select_related("requested_by", "authority")
    return list(rows.order_by("-requested_at", "-pk"))


def latest_return(submissions: Sequence[Submission]):
    """The last verdict, when it returned the work: what was signed since and not judged leaves it standing."""
    review = next((submission.verdict for submission in submissions if submission.verdict), None)
    return review if review and review.verdict == "returned" else None


def returned_reasons(submissions: Sequence[Submission]) -> dict[int, str]:
    review = latest_return(submissions)
    return {reason.requirement_id: reason.text for reason in review.reasons} if review else {}


def last_saved(lines: Sequence[Line]):
    return max((line.statement.updated_at for line in lines if line.statement), default=None)


def next_step(assignment: Assignment, user: User, lines: Sequence[Line] = ()) -> str:
    """One sentence: what comes next, as this person sees it."""
    if user.belongs_to(assignment.institution_id):
        return _for_institution(assignment, user, lines)
    return _for_authority(assignment, user)


def _for_institution(assignment: Assignment, user: User, lines: Sequence[Line]) -> str:
    state = assignment.state
    if state in EDITABLE:
        return _to_fill_in(state, lines) if can_fill_in(user, assignment) else _("等待填报人填写并提交签署。")
    if state == S.AWAITING_SIGNATURE and can_sign(user, assignment):
        return _("请核对内容，签署报送，或退回填报人。")
    sentences: dict[str, str] = {
        S.AWAITING_SIGNATURE: _("等待首席信息官签署，签署前内容不能修改。"),
        S.SUBMITTED: _("已报送，等待监管人员审核。"),
        S.ACCEPTED: _("监管单位已验收，无需进一步操作。"),
        S.NOT_APPLICABLE: _("监管单位认定本任务不适用于本机构，无需进一步操作。"),
    }
    return sentences[state]


def _to_fill_in(state: str, lines: Sequence[Line]) -> str:
    missing = sum(line.is_missing for line in lines)
    if state == S.RETURNED:
        return _("监管单位已退回，请按退回理由修改后再次提交签署。")
    if missing:
        return ngettext(
            "还有 %(count)d 项要求缺少说明、证明材料或答复，补齐后提交签署。",
            "还有 %(count)d 项要求缺少说明、证明材料或答复，补齐后提交签署。",
            missing,
        ) % {"count": missing}
    return _("内容已齐备，请提交首席信息官签署。")


def _for_authority(assignment: Assignment, user: User) -> str:
    if assignment.state == S.SUBMITTED and can_review(user, assignment):
        return _("机构已签署报送，请审核。")
    sentences: dict[str, str] = {
        S.NOT_STARTED: _("等待机构开始落实。"),
        S.IN_PROGRESS: _("机构正在落实；签署报送前的内容不对监管单位显示。"),
        S.AWAITING_SIGNATURE: _("等待机构首席信息官签署。"),
        S.SUBMITTED: _("机构已签署报送，等待监管人员审核。"),
        S.RETURNED: _("已退回，等待机构修改后重新报送。"),
        S.ACCEPTED: _("已验收，无需进一步操作。"),
        S.NOT_APPLICABLE: _("已认定不适用，无需进一步操作。"),
    }
    return sentences[assignment.state]
