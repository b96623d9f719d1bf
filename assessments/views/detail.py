"""The institution's pages of a whole self-assessment: where the answers stand, and handing in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.completeness import lines_of, missing
from assessments.content import content_to_sign
from assessments.division import holders_of, only_mine
from assessments.enums import SelfAssessmentState
from assessments.history import remarks_before, remarks_given, versions_of
from assessments.models import SelfAssessment
from assessments.overview import ThemeLines, content_of, overview_of
from assessments.permissions import can_delegate, can_export, can_fill_in, can_sign
from assessments.rows import ThemeRows, themes_of
from assessments.signed import SignedTask, read_draft, read_signed
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
    before = remarks_before(self_assessment)
    mine: list[ThemeLines] = []
    themes: list[ThemeLines] | list[ThemeRows]
    if self_assessment.is_editable:
        lines = lines_of(self_assessment)
        holders = holders_of(self_assessment, request.user)
        content, themes = content_of(lines), overview_of(lines, before=before, holders=holders)
        mine = only_mine(themes)
    else:
        lines, content = [], self_assessment.content or content_to_sign(self_assessment)
        themes = themes_of(_read(self_assessment, request, content), before, remarks_given(review))
    is_mine = bool(mine) and "mine" in request.GET
    shown = mine if is_mine else themes
    context = {
        "self_assessment": self_assessment,
        "content": content,
        "themes": shown,
        "mine": sum(len(theme.tasks) for theme in mine),
        "is_mine": is_mine,
        "is_whole": not is_mine,
        "may_delegate": self_assessment.is_editable and can_delegate(request.user, self_assessment),
        "progress": [_theme_progress(theme) for theme in shown],
        "asked": sum(theme.total for theme in themes),
        "answered": sum(theme.complete for theme in themes),
        "lacking": [line for line in lines if line.is_missing],
        "versions": versions,
        "review": review,
        "latest": versions[0],
        "may_fill_in": self_assessment.is_editable and can_fill_in(request.user, self_assessment),
        "may_sign": self_assessment.state == SelfAssessmentState.AWAITING_SIGNATURE
        and can_sign(request.user, self_assessment),
        "may_export": can_export(request.user, self_assessment, request.membership),
        "may_withdraw": self_assessment.state == SelfAssessmentState.SUBMITTED
        and can_sign(request.user, self_assessment),
    }
    return render(request, "assessments/detail.html", context)


def _read(self_assessment: SelfAssessment, request: HttpRequest, content: dict[str, Any]) -> list[SignedTask]:
    if self_assessment.signed_at:
        return read_signed(self_assessment, request.user)
    return read_draft(self_assessment, request.user, content)


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
