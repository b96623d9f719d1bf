from __future__ import annotations

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from reports.models import Report, ReportSchedule
from reports.schedules import actions
from reports.schedules.forms import ScheduleForm
from reports.schedules.permissions import scheduled_kind

EXPORT = (Permission.EXPORT_STATUS, Permission.EXPORT_SUPERVISORY)


def _own(request: HttpRequest) -> QuerySet[ReportSchedule]:
    return ReportSchedule.objects.visible_to(request.user, acting=request.membership).running()


@require_http_methods(["GET", "HEAD", "POST"])
@requires(*EXPORT)
def schedule_list(request: HttpRequest) -> HttpResponse:
    """What is made by itself for the reader, and a form for more."""
    form = ScheduleForm(request.POST or None, user=request.user)
    if form.is_valid():
        schedule = actions.add_schedule(membership=request.membership, by=request.user, **form.cleaned_data)
        said = {"day": schedule.next_day}
        messages.success(request, _("已设置。下一份报告将于 %(day)s 生成，完成后收件箱有通知。") % said)
        return redirect("reports:schedules")
    newest = Report.objects.filter(schedule=OuterRef("pk")).order_by("-day").values("pk")[:1]
    rows = _own(request).select_related("plan").annotate(newest_report=Subquery(newest))
    context = {"form": form, "schedules": rows, "kind": scheduled_kind(request.membership)}
    return render(request, "reports/schedules.html", context, status=422 if form.errors else 200)


@require_POST
@requires(*EXPORT)
def schedule_stop(request: HttpRequest, pk: int) -> HttpResponse:
    actions.stop_schedule(schedule=get_object_or_404(_own(request), pk=pk), by=request.user)
    messages.success(request, _("已停止。已生成的报告不受影响。"))
    return redirect("reports:schedules")
