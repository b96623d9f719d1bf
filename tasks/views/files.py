"""The files of one requirement, as they stand on the page of their task."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from plan.models import Requirement
from portal.accounts.access import check, signed_in
from tasks.forms import ShownFilesForm
from tasks.models import Assignment, Evidence
from tasks.permissions import can_see_drafts
from tasks.views.detail import side_context
from tasks.views.rows import visible_assignment
from tasks.worksheet import Line, checks_held_up, lines_of


@require_safe
@signed_in
def requirement_files(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    """Asked for after an upload, and again while files wait for their check: nothing to swap while nothing changed."""
    assignment = visible_assignment(request, pk)
    check(can_see_drafts(request.user, assignment))
    answered = get_object_or_404(assignment.requirements.select_related("task"), pk=requirement)
    lines = lines_of(assignment)
    line = _line_of(answered, lines)
    shown = ShownFilesForm(request.GET)
    now = {"waiting": line.waiting, "is_held_up": checks_held_up([line])}
    if shown.is_valid() and shown.cleaned_data == now:
        return HttpResponse(status=204)
    return _draw(request, assignment, line, lines)


def files_fragment(
    request: HttpRequest, assignment: Assignment, requirement: Requirement, trouble: str = ""
) -> HttpResponse:
    """The requirement's files in place of those on the page, and the progress beside them."""
    assignment = visible_assignment(request, assignment.pk)
    lines = lines_of(assignment)
    return _draw(request, assignment, _line_of(requirement, lines), lines, trouble)


def _line_of(requirement: Requirement, lines: list[Line]) -> Line:
    return next((line for line in lines if line.requirement == requirement), Line(requirement))


def _draw(
    request: HttpRequest, assignment: Assignment, line: Line, lines: list[Line], trouble: str = ""
) -> HttpResponse:
    context = {
        **side_context(request, assignment, lines),
        "line": line,
        "is_held_up": checks_held_up([line]),
        "trouble": trouble,
    }
    return render(request, "tasks/_files_again.html", context)


def already_there(evidence: Evidence) -> str:
    """For who puts the same content forward again."""
    return _("内容与已有的“%(name)s”相同，未重复保存。") % {"name": evidence.original_name}
