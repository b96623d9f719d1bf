"""The institution's pages of a whole self-assessment: where the answers stand, and handing in."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.completeness import lines_of, missing
from assessments.content import content_to_sign
from assessments.enums import SelfAssessmentState
from assessments.history import reasons_before, reasons_given, versions_of
from assessments.models import SelfAssessment
from assessments.overview import ThemeLines, overview_of
from assessments.permissions import can_fill_in, can_sign
from assessments.rows import ThemeRows, themes_of
from assessments.signed import SignedTask, read_content, read_signed
from assessments.views.finding import visible
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission


@require_GET
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """All answers by theme and task: the draft as it stands, or what the CIO is asked to sign, or signed."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not request.user.belongs_to(self_assessment.institution_id):
        return redirect("assessments:review_self_assessment", pk)
    versions = versions_of(self_assessment, "assessments:detail")
    review = next(version.review for version in versions if version.pk == pk)
    before = reasons_before(self_assessment) if self_assessment.version > 1 else {}
    lines = lines_of(self_assessment) if not self_assessment.signed_at else []
    if self_assessment.is_editable:
        themes = overview_of(lines, before)
    else:
        themes = themes_of(_content(self_assessment, request), before, reasons_given(review))
    progress = overview_of(lines, {}) if lines and not self_assessment.is_editable else themes
    context = {
        "self_assessment": self_assessment,
        "themes": themes,
        "progress": [_theme_progress(theme) for theme in progress],
        "asked": sum(theme.total for theme in progress),
        "answered": sum(theme.complete for theme in progress),
        "lacking": [line for line in lines if line.is_missing] if self_assessment.is_editable else [],
        "versions": versions,
        "review": review,
        "latest": versions[0],
        "may_fill_in": self_assessment.is_editable and can_fill_in(request.user, self_assessment),
        "may_sign": self_assessment.state == SelfAssessmentState.AWAITING_SIGNATURE
        and can_sign(request.user, self_assessment),
        "may_withdraw": self_assessment.state == SelfAssessmentState.SUBMITTED
        and can_sign(request.user, self_assessment),
    }
    return render(request, "assessments/detail.html", context)


def _content(self_assessment: SelfAssessment, request: HttpRequest) -> list[SignedTask]:
    if self_assessment.content:
        return read_signed(self_assessment, request.user)
    return read_content(content_to_sign(self_assessment), self_assessment.cycle.plan_id, request.user)


def _theme_progress(theme: ThemeRows | ThemeLines) -> dict:
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
