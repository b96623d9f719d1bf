"""The institution's pages of a whole self-assessment: where the answers stand, and handing in."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.completeness import missing
from assessments.division import holders_of, only_mine, with_holders
from assessments.enums import SelfAssessmentState
from assessments.history import reasons_before, reasons_given, versions_of
from assessments.permissions import can_delegate, can_fill_in, can_sign
from assessments.rows import ThemeRows, themes_of
from assessments.signed import read_draft, read_signed
from assessments.views.finding import visible
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission


@require_GET
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """All answers by theme and task: the draft as it stands, or what the CIO signed."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not request.user.belongs_to(self_assessment.institution_id):
        return redirect("assessments:review_self_assessment", pk)
    if self_assessment.content:
        tasks = read_signed(self_assessment, request.user)
    else:
        tasks = read_draft(self_assessment, request.user)
    versions = versions_of(self_assessment, "assessments:detail")
    review = next(version.review for version in versions if version.pk == pk)
    holders = holders_of(self_assessment, request.user) if self_assessment.is_editable else {}
    themes = with_holders(themes_of(tasks, reasons_before(self_assessment), reasons_given(review)), holders)
    mine = only_mine(themes)
    is_mine = bool(mine) and "mine" in request.GET
    shown = mine if is_mine else themes
    context = {
        "self_assessment": self_assessment,
        "themes": shown,
        "mine": sum(len(theme.tasks) for theme in mine),
        "is_mine": is_mine,
        "is_whole": not is_mine,
        "may_delegate": self_assessment.is_editable and can_delegate(request.user, self_assessment),
        "progress": [_theme_progress(theme) for theme in shown],
        "asked": sum(theme.total for theme in themes),
        "answered": sum(theme.complete for theme in themes),
        "lacking": missing(self_assessment) if self_assessment.is_editable else [],
        "versions": versions,
        "review": review,
        "latest": versions[0],
        "may_fill_in": self_assessment.is_editable and can_fill_in(request.user, self_assessment),
        "may_sign": self_assessment.state == SelfAssessmentState.AWAITING_SIGNATURE
        and can_sign(request.user, self_assessment),
    }
    return render(request, "assessments/detail.html", context)


def _theme_progress(theme: ThemeRows) -> dict:
    return {
        "label": f"{theme.title} {theme.complete}/{theme.total}",
        "url": f"#{theme.anchor}",
        "state": theme.progress,
        "current": False,
    }


@requires(Permission.FILL_IN)
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """The decision page for handing the answers in for signature."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_fill_in(request.user, self_assessment):
        raise Http404
    if request.method == "POST":
        try:
            actions.hand_in(self_assessment=self_assessment, by=request.user)
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("自评已提交签署，等待首席信息官处理。"))
        return redirect(self_assessment)
    if not self_assessment.is_editable:
        return redirect(self_assessment)
    context = {"self_assessment": self_assessment, "lacking": missing(self_assessment)}
    return render(request, "assessments/hand_in.html", context)
