from __future__ import annotations

import re

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from reports.actions import request_composed
from reports.composing import actions
from reports.composing.arranging import titles_of
from reports.composing.enums import CompositionState
from reports.composing.forms import BeginForm, CompositionForm, RevisionForm, TemplateForm
from reports.composing.permissions import can_approve, can_change, has_written, may_compose, needs_another_approver
from reports.composing.querysets import CompositionQuerySet, ReportTemplateQuerySet
from reports.documents import compose
from reports.models import Composition, Report, ReportTemplate

PAGE_SIZE = 20
DRAFTS_SHOWN = 5
STATIC = re.compile(r'"static:([^"]+)"')
ORDER = Case(
    When(state=CompositionState.COMPOSING, then=Value(0)),
    When(state=CompositionState.APPROVED, then=Value(1)),
    default=Value(2),
)
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _visible(request: HttpRequest) -> CompositionQuerySet:
    rows = Composition.objects.visible_to(request.user, acting=request.membership)
    return rows.select_related("authority", "plan", "created_by", "updated_by", "approved_by")


def _templates(request: HttpRequest) -> ReportTemplateQuerySet:
    rows = ReportTemplate.objects.visible_to(request.user, acting=request.membership)
    return rows.select_related("created_by")


def _draft(request: HttpRequest, pk: int) -> Composition:
    return get_object_or_404(_visible(request), pk=pk, state=CompositionState.COMPOSING)


@require_safe
@requires(Permission.SUPERVISE)
def composition_list(request: HttpRequest) -> HttpResponse:
    rows = _visible(request).order_by(ORDER, "-updated_at")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "templates": _templates(request),
        "may_compose": may_compose(request.membership),
    }
    return render(request, "reports/composing/list.html", context)


@read_or_post
@requires(Permission.COMPOSE_REPORTS)
def composition_new(request: HttpRequest) -> HttpResponse:
    form = BeginForm(
        request.POST or None,
        user=request.user,
        templates=_templates(request),
        initial={"template": request.GET.get("template")},
    )
    if form.is_valid():
        begun = actions.begin_composition(membership=request.membership, by=request.user, **form.cleaned_data)
        return redirect("reports:composition_edit", begun.pk)
    return render(request, "reports/composing/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@requires(Permission.SUPERVISE)
def composition(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(_visible(request), pk=pk), TemplateForm())


def _page(request: HttpRequest, composition: Composition, form: TemplateForm, status: int = 200) -> HttpResponse:
    reports = Report.objects.visible_to(request.user, acting=request.membership).filter(composition=composition)
    reports = reports.select_related("composition", "requested_by")
    titles = titles_of(composition)
    context = {
        "composition": composition,
        "sections": [titles[key] for key in composition.sections if key in titles],
        "regions": composition.covered_regions,
        "issued": reports.filter(is_draft=False).first(),
        "drafts": reports.filter(is_draft=True)[:DRAFTS_SHOWN],
        "may_change": can_change(request.user, composition),
        "may_ask": request.membership.may(Permission.EXPORT_SUPERVISORY),
        "form": form,
    }
    return render(request, "reports/composing/detail.html", context, status=status)


@read_or_post
@requires(Permission.COMPOSE_REPORTS)
def composition_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What was typed stays on the page whatever happened meanwhile, and can be saved over what somebody else saved."""
    composition = get_object_or_404(_visible(request), pk=pk)
    if request.method != "POST":
        if not composition.is_composing:
            return redirect(composition)
        return _editor(request, composition, CompositionForm(composition=composition))
    form = CompositionForm(request.POST, composition=composition)
    if not form.is_valid():
        return _editor(request, composition, form, status=422)
    try:
        actions.save_composition(
            composition=composition, revision=form.cleaned_data["revision"], changes=form.changes, by=request.user
        )
    except actions.StaleComposition as stale:
        typed = request.POST.copy()
        typed["revision"] = str(stale.current.revision)
        return _refused(request, stale.current, CompositionForm(typed, composition=stale.current), stale)
    except WrongState as decided:
        return _refused(request, composition, form, decided)
    messages.success(request, _("报告草稿已保存。"))
    return redirect(composition if "preview" in request.POST else reverse("reports:composition_edit", args=[pk]))


def _refused(
    request: HttpRequest, composition: Composition, form: CompositionForm, error: ValidationError
) -> HttpResponse:
    form.add_error(None, error)
    return _editor(request, composition, form, status=409)


def _editor(request: HttpRequest, composition: Composition, form: CompositionForm, status: int = 200) -> HttpResponse:
    return render(request, "reports/composing/edit.html", {"composition": composition, "form": form}, status=status)


@require_safe
@requires(Permission.EXPORT_SUPERVISORY)
@never_cache
def composition_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft's pages as a worker would lay them out, in the browser: the same sections, and no PDF."""
    composition = _draft(request, pk)
    report = Report(
        kind=composition.kind,
        plan=composition.plan,
        authority=composition.authority,
        composition=composition,
        is_draft=True,
        day=composition.day,
        language=composition.language,
        requested_by=request.user,
    )
    with translation.override(composition.language):
        html = compose(report, is_preview=True).html
    return HttpResponse(STATIC.sub(lambda found: f'"{static(found[1])}"', html))


@require_POST
@requires(Permission.EXPORT_SUPERVISORY)
def composition_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the draft as a PDF."""
    draft = request_composed(
        membership=request.membership, composition=_draft(request, pk), is_draft=True, by=request.user
    )
    return redirect(draft)


@require_POST
@requires(Permission.COMPOSE_REPORTS)
def composition_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the arrangement for the next reports, of an approved one too."""
    composition, form = get_object_or_404(_visible(request), pk=pk), TemplateForm(request.POST)
    if form.is_valid():
        try:
            template = actions.save_template(composition=composition, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("name", error)
        else:
            messages.success(request, _("已另存为模板“%(name)s”。") % {"name": template.name})
            return redirect(composition)
    return _page(request, composition, form, status=422)


@read_or_post
@requires(Permission.COMPOSE_REPORTS)
def composition_approve(request: HttpRequest, pk: int) -> HttpResponse:
    composition = get_object_or_404(_visible(request), pk=pk)
    form = RevisionForm(request.POST or None, initial={"revision": composition.revision})
    if request.method == "POST" and form.is_valid():
        try:
            report = actions.approve_composition(
                composition=composition,
                revision=form.cleaned_data["revision"],
                membership=request.membership,
                by=request.user,
            )
        except actions.StaleComposition as stale:
            form = RevisionForm(initial={"revision": stale.current.revision})
            return _decision(request, stale.current, form, changed=stale)
        except WrongState as decided:
            messages.error(request, decided.message)
            return redirect(composition)
        messages.success(request, _("已批准，编号 %(number)s。正式报告正在生成。") % {"number": report.number})
        return redirect(composition)
    if not composition.is_composing:
        return redirect(composition)
    return _decision(request, composition, form)


def _decision(
    request: HttpRequest,
    composition: Composition,
    form: RevisionForm,
    changed: actions.StaleComposition | None = None,
) -> HttpResponse:
    context = {
        "composition": composition,
        "form": form,
        "changed": changed,
        "number": composition.numbered(timezone.localdate().year, "N"),
        "may_approve": can_approve(request.user, composition),
        "needs_another": needs_another_approver(composition) and has_written(request.user, composition),
    }
    return render(request, "reports/composing/approve.html", context, status=409 if changed else 200)


@read_or_post
@requires(Permission.COMPOSE_REPORTS)
def composition_discard(request: HttpRequest, pk: int) -> HttpResponse:
    composition = get_object_or_404(_visible(request), pk=pk)
    if request.method == "POST":
        try:
            actions.discard_composition(composition=composition, by=request.user)
        except WrongState as decided:
            messages.error(request, decided.message)
            return redirect(composition)
        messages.success(request, _("报告草稿已废弃。"))
        return redirect("reports:composition_list")
    if not composition.is_composing:
        return redirect(composition)
    return render(request, "reports/composing/discard.html", {"composition": composition})


@read_or_post
@requires(Permission.COMPOSE_REPORTS)
def template_delete(request: HttpRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(_templates(request), pk=pk)
    if request.method == "POST":
        actions.delete_template(template=template, by=request.user)
        messages.success(request, _("模板“%(name)s”已删除。") % {"name": template.name})
        return redirect("reports:composition_list")
    return render(request, "reports/composing/template_delete.html", {"template": template})
