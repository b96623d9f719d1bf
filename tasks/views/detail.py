"""The page of one task: what is asked, what was said and proved, and what comes next."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.access import check, signed_in
from tasks import actions
from tasks.enums import EDITABLE, TRANSITIONS, AssignmentState, RequestKind
from tasks.forms import EvidenceForm, StatementsForm
from tasks.models import Assignment, ChangeRequest, ExtendedAssignment, Statement, UrgedInstitution
from tasks.permissions import can_export, can_fill_in, can_request, can_review, can_see_drafts, can_sign
from tasks.requests import is_possible
from tasks.views.rows import visible_assignment
from tasks.worksheet import (
    Line,
    checks_held_up,
    last_saved,
    latest_return,
    lines_of,
    next_step,
    requests_of,
    returned_reasons,
    submissions_of,
)
from vault.file_types import BY_EXTENSION

# What the file dialogue offers.
ACCEPT = ",".join(f".{extension}" for extension in BY_EXTENSION)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def assignment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A POST saves all statements at once; what was typed survives every refusal."""
    assignment = visible_assignment(request, pk)
    if request.method == "POST":
        return _save(request, assignment)
    return task_page(request, assignment)


def _save(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    check(can_fill_in(request.user, assignment))
    requirements = assignment.requirements.select_related("task")
    returned = returned_reasons(submissions_of(assignment))
    form = StatementsForm(request.POST, requirements=requirements, statements={}, returned=returned)
    if not form.is_valid():
        return _not_saved(request, assignment, form)
    try:
        assignment = actions.save_statements(assignment=assignment, drafts=form.drafts, by=request.user)
    except actions.StaleStatements as stale:
        return _not_saved(request, assignment, form.based_on(stale.current), stale.messages[0], stale.current)
    except ValidationError as refused:
        return _not_saved(request, assignment, form, refused.messages[0])
    if request.htmx:
        return _saved(request, pk=assignment.pk)
    messages.success(request, _("已保存。"))
    return redirect(assignment)


def _saved(request: HttpRequest, pk: int) -> HttpResponse:
    """Only what changed on the page: the time, the revisions, the state and the progress."""
    assignment = visible_assignment(request, pk)
    lines = lines_of(assignment, submissions_of(assignment))
    context = {
        "assignment": assignment,
        "lines": lines,
        "saved_at": last_saved(lines),
        "form": statements_form(lines),
        **side_context(request, assignment, lines),
    }
    response = render(request, "tasks/_saved.html", context)
    response["HX-Trigger"] = "saved"
    return response


def _not_saved(
    request: HttpRequest,
    assignment: Assignment,
    form: StatementsForm,
    refusal: str = "",
    theirs: dict[int, Statement] | None = None,
) -> HttpResponse:
    assignment = visible_assignment(request, assignment.pk)
    response = task_page(request, assignment, form=form, refusal=refusal, theirs=theirs)
    if request.htmx:
        response["HX-Retarget"] = response["HX-Reselect"] = "#content"
        response["HX-Reswap"] = "outerHTML show:window:top"
    return response


def task_page(
    request: HttpRequest,
    assignment: Assignment,
    *,
    form: StatementsForm | None = None,
    refusal: str = "",
    theirs: dict[int, Statement] | None = None,
    uploads: dict[int, EvidenceForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page. `form` holds what was typed, `theirs` what others saved meanwhile, by requirement id."""
    user = request.user
    sees_drafts = can_see_drafts(user, assignment)
    submissions = list(submissions_of(assignment))
    lines = lines_of(assignment, submissions) if sees_drafts else _without_drafts(assignment)
    is_open = assignment.state in EDITABLE
    context = {
        "assignment": assignment,
        "lines": lines,
        "submissions": submissions,
        "returned": latest_return(submissions) if is_open else None,
        "next_step": next_step(assignment, user, lines),
        "sees_drafts": sees_drafts,
        "may_export": bool(submissions) and can_export(user, assignment, request.membership),
        "may_sign": assignment.state == AssignmentState.AWAITING_SIGNATURE and can_sign(user, assignment),
        "may_withdraw": assignment.state == AssignmentState.SUBMITTED and can_sign(user, assignment),
        "form": None,
        "refusal": refusal,
        "is_stale": bool(theirs),
        "max_bytes": settings.EVIDENCE_MAX_BYTES,
        "accept": ACCEPT,
        "is_held_up": checks_held_up(lines),
        "extended": ExtendedAssignment.objects.visible_to(user).of(assignment),
        "urged": UrgedInstitution.objects.visible_to(user).about(assignment).with_message(),
        **_requests(user, assignment),
        **(side_context(request, assignment, lines) if sees_drafts else _for_reviewers(user, assignment, submissions)),
    }
    if form:
        context["saved_at"] = None
    if context["may_edit"] or form:
        context["form"] = form or statements_form(lines)
    context["entries"] = _entries(lines, context["form"], theirs or {}, uploads or {}, context["may_add_files"])
    return render(request, "tasks/detail.html", context, status=status)


def statements_form(lines: list[Line]) -> StatementsForm:
    statements = {line.requirement.pk: line.statement for line in lines if line.statement}
    returned = [line.requirement.pk for line in lines if line.reason]
    return StatementsForm(requirements=[line.requirement for line in lines], statements=statements, returned=returned)


def side_context(request: HttpRequest, assignment: Assignment, lines: list[Line]) -> dict[str, Any]:
    return {
        "assignment": assignment,
        "lines": lines,
        "done": sum(line.is_complete for line in lines),
        "may_edit": assignment.is_editable and can_fill_in(request.user, assignment),
        "may_add_files": assignment.takes_files and can_fill_in(request.user, assignment),
        "may_hand_in": assignment.state == AssignmentState.IN_PROGRESS and can_fill_in(request.user, assignment),
        "saved_at": last_saved(lines),
    }


def _requests(user, assignment: Assignment) -> dict[str, Any]:
    """What was asked for, what waits, how the deadline came to be what it is, and what may still be asked for."""
    requests: list[ChangeRequest] = requests_of(assignment)
    pending = [row for row in requests if row.is_pending]
    taken = {row.kind for row in pending}
    return {
        "requests": requests,
        "pending_requests": pending,
        "extensions": [row for row in reversed(requests) if row.granted_deadline],
        "may_request": {
            kind.value: kind not in taken and is_possible(assignment, kind)
            for kind in (RequestKind if can_request(user, assignment) else ())
        },
    }


def _without_drafts(assignment: Assignment) -> list[Line]:
    return [Line(requirement) for requirement in assignment.requirements.select_related("task")]


def _for_reviewers(user, assignment: Assignment, submissions: list) -> dict[str, Any]:
    may_review = can_review(user, assignment)
    awaits_review = assignment.state == AssignmentState.SUBMITTED
    return {
        "may_edit": False,
        "may_add_files": False,
        "may_hand_in": False,
        "may_exempt": may_review and assignment.state in TRANSITIONS["exempt"].sources,
        "to_review": next(iter(submissions), None) if awaits_review and may_review else None,
    }


def _entries(
    lines: list[Line],
    form: StatementsForm | None,
    theirs: dict[int, Statement],
    uploads: dict[int, EvidenceForm],
    may_add_files: bool,
) -> list[dict[str, Any]]:
    """Each line with its fields and its upload, as the template walks them."""
    return [
        {
            "line": line,
            "text": form.text_of(line.requirement) if form else None,
            "reply": form.reply_of(line.requirement) if form else None,
            "revision": form.revision_of(line.requirement) if form else None,
            "target": f"#files-{line.requirement.pk}",
            "theirs": theirs.get(line.requirement.pk),
            "upload": uploads.get(line.requirement.pk)
            or (EvidenceForm(requirement=line.requirement) if may_add_files else None),
        }
        for line in lines
    ]
