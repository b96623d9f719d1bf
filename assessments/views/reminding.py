"""Who is reminded of the deadline of a self-assessment or of a rectification, and when."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments.enums import RectificationState
from assessments.models import Rectification
from assessments.reminders import RECTIFICATIONS, SELF_ASSESSMENTS
from assessments.views.finding import visible
from portal.accounts.access import signed_in
from portal.notices.reminders.showing import preview


@require_GET
@signed_in
def self_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(visible(request), pk=pk)
    cycle = row.cycle
    context = {
        "institution": row.institution,
        "label": cycle.local_title,
        "url": row.get_absolute_url(),
        "parent_label": _("自评"),
        "parent_url": reverse("assessments:list"),
        "deadline_label": _("截止日期"),
        "is_done": bool(row.signed_at),
        "opens_on": cycle.opens_on if cycle.opens_on > timezone.localdate() else None,
        "preview": preview(
            SELF_ASSESSMENTS,
            pk,
            institution=row.institution,
            deadline=cycle.due_on,
            reader=request.user,
            not_before=cycle.opens_on,
        ),
        "closed_words": _("本版自评已报送或已由后续版本代替，不再提醒。"),
        "rules_url": reverse("plan:reminders", args=[cycle.plan.slug]),
    }
    return render(request, "assessments/reminders.html", context)


@require_GET
@signed_in
def rectification(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Rectification.objects.visible_to(request.user).select_related("institution", "requirement__task__plan")
    row = get_object_or_404(rows, pk=pk)
    task = row.requirement.task if row.requirement else None
    context = {
        "institution": row.institution,
        "label": row.title,
        "url": row.get_absolute_url(),
        "parent_label": _("整改"),
        "parent_url": reverse("assessments:rectifications"),
        "deadline_label": _("整改期限"),
        "is_done": row.state != RectificationState.OPEN,
        "preview": preview(RECTIFICATIONS, pk, institution=row.institution, deadline=row.deadline, reader=request.user),
        "closed_words": _("整改结果已提交或整改已办结，不再提醒。"),
        "rules_url": reverse("plan:reminders", args=[task.plan.slug, task.number]) if task else "",
    }
    return render(request, "assessments/reminders.html", context)
