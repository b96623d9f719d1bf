"""Who is reminded of an assignment's deadline, and when."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.accounts.access import signed_in
from portal.notices.reminders.showing import preview
from tasks.reminders import ASSIGNMENTS
from tasks.views.rows import visible_assignment


@require_GET
@signed_in
def reminders(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    context = {
        "assignment": assignment,
        "preview": preview(
            ASSIGNMENTS,
            pk,
            institution=assignment.institution,
            deadline=assignment.deadline,
            reader=request.user,
        ),
        "rules_url": reverse("plan:reminders", args=[assignment.task.plan.slug, assignment.task.number]),
    }
    return render(request, "tasks/reminders.html", context)
