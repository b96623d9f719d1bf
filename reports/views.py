from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from assessments.models import Cycle, Score, SelfAssessment
from assessments.scores import SCORE_RULE
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission
from portal.gate import WrongState
from portal.keyset import bounded_count
from reports import actions
from reports import ranking as ranks
from reports.batches import members
from reports.comparison import COMPARISON_RULE, MIN_OTHERS, MOST_CYCLES, compare, course, standings
from reports.enums import STEPS, ReportKind, ReportState, ReportStep
from reports.filters import CycleFilterForm, ScopeFilterForm
from reports.forms import AssessmentReportForm, LanguageForm, PackageForm, PlanForm, ProofForm, RequestForm
from reports.models import Report
from reports.models.reports import XLSX
from reports.names import filename_of
from reports.permissions import can_ask_for, kind_for, may_export_batch, may_export_ledger, may_export_packages
from reports.querysets import ReportQuerySet
from reports.score_charts import band_chart, point_chart
from tasks.models import Assignment

PAGE_SIZE = 20
read_or_post = require_http_methods(["GET", "HEAD", "POST"])
EXPORT = (Permission.EXPORT_STATUS, Permission.EXPORT_SUPERVISORY)


def _visible(request: HttpRequest) -> ReportQuerySet:
    """Reports of the body acted for; nobody else has any."""
    if request.membership is None:
        return Report.objects.none()
    reports = Report.objects.visible_to(request.user, acting=request.membership)
    related = ("institution", "authority", "plan", "requested_by", "assignment__task", "task", "self_assessment__cycle")
    return reports.select_related(*related, "composition", "batch").defer("self_assessment__content")


@require_safe
@signed_in
def report_list(request: HttpRequest) -> HttpResponse:
    """A link may fill in the form: `kind`, `plan`, `task`, `institution` and `day`."""
    return _list_page(
        request, RequestForm(membership=request.membership, user=request.user, initial=request.GET.dict())
    )


def _list_page(request: HttpRequest, form: RequestForm, status: int = 200) -> HttpResponse:
    page = Paginator(_visible(request).listed(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "form": form,
        "kind": kind_for(request.membership),
        "may_export_packages": may_export_packages(request.membership),
        "may_export_ledger": may_export_ledger(request.membership),
        "may_export_batch": may_export_batch(request.membership),
    }
    return render(request, "reports/list.html", context, status=status)


@require_POST
@requires(*EXPORT)
def report_request(request: HttpRequest) -> HttpResponse:
    form = RequestForm(request.POST, membership=request.membership, user=request.user)
    if not form.is_valid():
        return _list_page(request, form, status=422)
    report = actions.request_report(membership=request.membership, by=request.user, **form.cleaned_data)
    return redirect(report)


@read_or_post
@requires(*EXPORT)
def assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the report on one signed self-assessment: one's own, or one in scope."""
    rows = SelfAssessment.objects.visible_to(request.user, request.membership).filter(signed_at__isnull=False)
    found = get_object_or_404(rows.select_related("cycle__plan", "institution").defer("content"), pk=pk)
    form = AssessmentReportForm(request.POST or None, self_assessment=found)
    if form.is_valid():
        asked = {"self_assessment": found, **form.cleaned_data}
        report = actions.request_assessment_report(membership=request.membership, by=request.user, **asked)
        return redirect(report)
    context = {"form": form, "self_assessment": found}
    return render(request, "reports/assessment_request.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Permission.EXPORT_SUPERVISORY)
def ledger(request: HttpRequest) -> HttpResponse:
    """Ask for the spreadsheet of who submitted what when, in the scope of the body acted for."""
    form = PlanForm(request.POST, user=request.user)
    if not form.is_valid():
        asked = RequestForm(request.POST, membership=request.membership, user=request.user)
        return _list_page(request, asked, status=422)
    return redirect(actions.request_ledger(membership=request.membership, by=request.user, **form.cleaned_data))


@read_or_post
@requires(*EXPORT)
def proof(request: HttpRequest) -> HttpResponse:
    """Ask for the spreadsheet of who was told what: of one's own institution, or of one in scope."""
    form = ProofForm(
        request.POST or None, membership=request.membership, user=request.user, chosen=request.GET.get("institution")
    )
    if form.is_valid():
        return redirect(actions.request_proof(membership=request.membership, by=request.user, **form.cleaned_data))
    return render(request, "reports/proof_request.html", {"form": form}, status=422 if form.errors else 200)


@read_or_post
@requires(*EXPORT)
def package(request: HttpRequest) -> HttpResponse:
    """Ask for what an institution signed under a plan: one's own, or one in scope."""
    form = PackageForm(
        request.POST or None, membership=request.membership, user=request.user, chosen=request.GET.get("institution")
    )
    if form.is_valid():
        return redirect(actions.request_package(membership=request.membership, by=request.user, **form.cleaned_data))
    context = {"form": form, "assignment": None, "days": settings.PACKAGE_DAYS}
    return render(request, "reports/package_request.html", context, status=422 if form.errors else 200)


@read_or_post
@requires(*EXPORT)
def task_package(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for what was signed for one task."""
    rows = Assignment.objects.visible_to(request.user, acting=request.membership)
    assignment = get_object_or_404(rows.select_related("institution", "task__plan"), pk=pk)
    if not assignment.submissions.exists():
        messages.info(request, _("本任务尚无已签署的报送，没有可导出的内容。"))
        return redirect(assignment)
    form = LanguageForm(request.POST or None)
    if form.is_valid():
        return redirect(
            actions.request_package(
                membership=request.membership,
                institution=assignment.institution,
                plan=assignment.task.plan,
                assignment=assignment,
                by=request.user,
                **form.cleaned_data,
            )
        )
    context = {"form": form, "assignment": assignment, "days": settings.PACKAGE_DAYS}
    return render(request, "reports/package_request.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def report_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    detail = _detail(request, pk)
    if detail["report"].is_batch:
        made = members.made_or_waiting(_visible(request), detail["report"])
        detail["page"] = Paginator(made, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "reports/detail.html", detail)


@require_safe
@signed_in
@never_cache
def report_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the report is made. A batch's list changes with it at the end."""
    detail = _detail(request, pk)
    if detail["report"].is_batch and detail["report"].is_over:
        return HttpResponseClientRefresh()
    return render(request, "reports/_progress.html", detail)


def _detail(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    report = get_object_or_404(_visible(request), pk=pk)
    may_ask = can_ask_for(request.user, report)
    detail = {
        "report": report,
        "steps": _steps(report),
        "package_days": settings.PACKAGE_DAYS,
        "may_retry": may_ask and report.state in (ReportState.FAILED, ReportState.CANCELLED),
        "may_cancel": may_ask and not report.is_over,
    }
    return detail | members.overview(report, request.user, request.membership, may_ask) if report.is_batch else detail


def _steps(report: Report) -> list[tuple[str, str]]:
    """What is done, what is happening, and what is still to come."""
    steps = STEPS[ReportKind(report.kind)]
    at = len(steps) if report.state == ReportState.DONE else steps.index(ReportStep(report.step))
    here = "failed" if report.state == ReportState.FAILED else "current"
    status = {True: "done", False: "waiting"}
    return [(step.label, here if n == at else status[n < at]) for n, step in enumerate(steps)]


@require_safe
@signed_in
def report_file(request: HttpRequest, pk: UUID) -> FileResponse:
    report = get_object_or_404(_visible(request), pk=pk, state=ReportState.DONE, removed_at=None)
    response = _download(report.file, filename_of(report, report.extension), report.content_type)
    if report.is_sheet and request.method == "GET":
        actions.record_download(report=report, by=request.user)
    return response


@require_safe
@signed_in
def report_workbook(request: HttpRequest, pk: UUID) -> FileResponse:
    """The tables of a PDF, as they are attached to it too."""
    done = _visible(request).filter(state=ReportState.DONE, removed_at=None).exclude(workbook="")
    report = get_object_or_404(done, pk=pk)
    response = _download(report.workbook, filename_of(report, XLSX[0]), XLSX[1])
    if request.method == "GET":
        actions.record_download(report=report, by=request.user)
    return response


def _download(file: FieldFile, name: str, content_type: str) -> FileResponse:
    try:
        opened = file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(opened, as_attachment=True, filename=name, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@requires(*EXPORT)
def report_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = get_object_or_404(_visible(request), pk=pk)
    try:
        actions.retry_report(report=report, by=request.user)
    except WrongState as moved_on:
        messages.error(request, moved_on.messages[0])
    else:
        messages.success(request, _("已重新排队。"))
    return redirect(report.batch or report)


@require_POST
@requires(*EXPORT)
def report_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = get_object_or_404(_visible(request), pk=pk)
    try:
        actions.cancel_report(report=report, by=request.user)
    except WrongState as moved_on:
        messages.error(request, moved_on.messages[0])
    else:
        messages.success(request, _("已取消，不再生成。"))
    return redirect(report)


# --- Scores -----------------------------------------------------------------------------------------------


@require_safe
@requires(Permission.FILL_IN, Permission.SIGN)
def comparison(request: HttpRequest) -> HttpResponse:
    """An institution's scores beside those of its kind in a cycle, and beside its own of earlier cycles."""
    institution = request.membership.institution
    own = standings(SelfAssessment.objects.visible_to(request.user, request.membership))
    cycles = Cycle.objects.visible_to(request.user).filter(pk__in=[standing.cycle.pk for standing in own])
    form = CycleFilterForm(request.GET, cycles=cycles)
    chosen = form.chosen or (own[-1].cycle if own else None)
    context: dict[str, object] = {"form": form, "institution": institution, "cycle": chosen}
    if chosen:
        standing = next(standing for standing in own if standing.cycle == chosen)
        until = [
            s for s in own if s.cycle.plan_id == chosen.plan_id and s.cycle.period_ends_on <= chosen.period_ends_on
        ]
        until = until[-MOST_CYCLES:]
        compared = compare(standing, institution)
        context |= {
            "standing": standing,
            "compared": compared,
            "has_others": any(line.others for line in compared),
            "bands": band_chart(compared),
            "standings": until,
            "course": course(until),
            "points": point_chart(until),
            "min_others": MIN_OTHERS,
            "rule": COMPARISON_RULE,
            "score_rule": SCORE_RULE,
        }
    return render(request, "reports/comparison.html", context)


def _scope(request: HttpRequest) -> tuple[ScopeFilterForm, Cycle | None, dict[str, object]]:
    cycles = Cycle.objects.visible_to(request.user)
    form = ScopeFilterForm(request.GET, cycles=cycles)
    cycle = form.wanted.get("cycle") or cycles.first()
    return form, cycle, {"form": form, "cycle": cycle, "query": f"?cycle={cycle.pk}" if cycle else ""}


def _whole_scores(request: HttpRequest, form: ScopeFilterForm, cycle: Cycle) -> QuerySet[Score]:
    scores = Score.objects.supervised_by(request.user, Permission.SUPERVISE, request.membership)
    return form.of_institution(scores.whole().accepted_in(cycle), "self_assessment__institution")


@require_safe
@requires(Permission.SUPERVISE)
def ranking(request: HttpRequest) -> HttpResponse:
    """The institutions of the scope by the score of what was accepted."""
    form, cycle, context = _scope(request)
    if cycle:
        scores = _whole_scores(request, form, cycle)
        context |= {
            "page": ranks.ranking_page(scores, request.GET.get("after", "")),
            "count": bounded_count(scores),
            "rule": ranks.RANKING_RULE,
            "score_rule": SCORE_RULE,
        }
    return render(request, "reports/ranking.html", context)


@require_safe
@requires(Permission.SUPERVISE)
def movers(request: HttpRequest) -> HttpResponse:
    """Whose score rose and fell most since the cycle before."""
    form, cycle, context = _scope(request)
    before = ranks.cycle_before(cycle) if cycle else None
    if cycle and before:
        context |= {"before": before, "movers": ranks.movers(_whole_scores(request, form, cycle), before)}
    return render(request, "reports/movers.html", context | {"rule": ranks.MOVERS_RULE, "score_rule": SCORE_RULE})


@require_safe
@requires(Permission.SUPERVISE)
def most_returned(request: HttpRequest) -> HttpResponse:
    """The requirements that supervisors returned most often in a cycle."""
    form, cycle, context = _scope(request)
    if cycle:
        rows = SelfAssessment.objects.supervised_by(request.user, Permission.SUPERVISE, request.membership)
        judged = form.of_institution(rows.filter(cycle=cycle), "institution")
        context |= {"returns": ranks.most_returned(judged), "rule": ranks.RETURNED_RULE}
    return render(request, "reports/most_returned.html", context)
