from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission
from reports import actions
from reports.enums import ReportState, ReportStep
from reports.forms import RequestForm
from reports.models import Report
from reports.permissions import can_ask_for, kind_for
from reports.querysets import ReportQuerySet

PAGE_SIZE = 20
EXPORT = (Permission.EXPORT_STATUS, Permission.EXPORT_SUPERVISORY)


def _visible(request: HttpRequest) -> ReportQuerySet:
    """Reports of the body acted for; nobody else has any."""
    if request.membership is None:
        return Report.objects.none()
    reports = Report.objects.visible_to(request.user, acting=request.membership)
    return reports.select_related("institution", "authority", "plan", "requested_by")


@require_safe
@signed_in
def report_list(request: HttpRequest) -> HttpResponse:
    return _list_page(request, RequestForm(user=request.user))


def _list_page(request: HttpRequest, form: RequestForm, status: int = 200) -> HttpResponse:
    page = Paginator(_visible(request), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "kind": kind_for(request.membership)}
    return render(request, "reports/list.html", context, status=status)


@require_POST
@requires(*EXPORT)
def report_request(request: HttpRequest) -> HttpResponse:
    form = RequestForm(request.POST, user=request.user)
    if not form.is_valid():
        return _list_page(request, form, status=422)
    report = actions.request_report(membership=request.membership, by=request.user, **form.cleaned_data)
    return redirect(report)


@require_safe
@signed_in
def report_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return render(request, "reports/detail.html", _detail(request, pk))


@require_safe
@signed_in
@never_cache
def report_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the report is made."""
    return render(request, "reports/_progress.html", _detail(request, pk))


def _detail(request: HttpRequest, pk: UUID) -> dict[str, object]:
    report = get_object_or_404(_visible(request), pk=pk)
    return {
        "report": report,
        "steps": _steps(report),
        "may_retry": report.state == ReportState.FAILED and can_ask_for(request.user, report),
    }


def _steps(report: Report) -> list[tuple[str, str]]:
    """What is done, what is happening, and what is still to come."""
    steps = list(ReportStep)
    at = len(steps) if report.state == ReportState.DONE else steps.index(ReportStep(report.step))
    here = "failed" if report.state == ReportState.FAILED else "current"
    status = {True: "done", False: "waiting"}
    return [(step.label, here if n == at else status[n < at]) for n, step in enumerate(steps)]


@require_safe
@signed_in
def report_file(request: HttpRequest, pk: UUID) -> FileResponse:
    report = get_object_or_404(_visible(request), pk=pk, state=ReportState.DONE)
    try:
        file = report.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, as_attachment=True, filename=_filename(report), content_type="application/pdf")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _filename(report: Report) -> str:
    day = timezone.localtime(report.finished_at).strftime("%Y%m%d")
    name = f"{report.get_kind_display()}_{report.body.local_name[:60]}_{day}"
    return f"{get_valid_filename(name)}.pdf"


@require_POST
@requires(*EXPORT)
def report_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = get_object_or_404(_visible(request), pk=pk)
    if report.state == ReportState.FAILED:
        actions.retry_report(report=report, by=request.user)
        messages.success(request, _("已重新排队。"))
    return redirect(report)
