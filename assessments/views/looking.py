"""A file among all that were signed with a self-assessment."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assessments.models import SelfAssessment
from assessments.signed import entries_of, evidence_url
from portal.accounts.access import signed_in
from tasks.views.rows import visible_evidence
from tasks.views.viewing import evidence_page
from tasks.walk import Walk, signed_steps


@require_safe
@signed_in
def evidence(request: HttpRequest, pk: int, file) -> HttpResponse:
    """The file's page, on which one steps through the self-assessment's files in the signed order."""
    rows = SelfAssessment.objects.visible_to(request.user).exclude(signed_at=None)
    self_assessment = get_object_or_404(rows.select_related("cycle"), pk=pk)
    version = visible_evidence(request, file)
    query = request.GET.urlencode()
    steps = signed_steps(
        entries_of(self_assessment.content),
        version,
        lambda other: f"{evidence_url(self_assessment, other)}?{query}".rstrip("?"),
    )
    walk = Walk(
        _("自评第 %(number)s 版的材料") % {"number": self_assessment.version},
        steps,
        *_way_back(request, self_assessment, query),
    )
    if not walk.position:
        raise Http404
    return evidence_page(request, version, walk)


def _way_back(request: HttpRequest, self_assessment: SelfAssessment, query: str) -> tuple[str, str]:
    if request.user.belongs_to(self_assessment.institution_id):
        return self_assessment.get_absolute_url(), _("返回自评")
    review = reverse("assessments:review_self_assessment", args=[self_assessment.pk])
    return f"{review}?{query}".rstrip("?"), _("返回审核")
