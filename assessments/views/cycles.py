"""The rounds of self-assessment: an institution's own, or where those of a scope stand."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.actions.cycles import institutions_asked, institutions_prefilled
from assessments.enums import SelfAssessmentState
from assessments.filters import SelfAssessmentFilterForm
from assessments.forms import CycleForm
from assessments.models import Cycle, SelfAssessment
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import ListPage, Permission
from portal.accounts.models import Institution
from portal.accounts.saved_views import saved_views
from portal.keyset import bounded_count

ROWS_A_PAGE = 50


@require_GET
@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    if request.membership and request.membership.is_supervising:
        return _of_scope(request)
    return _of_institution(request)


def _of_institution(request: HttpRequest) -> HttpResponse:
    """One row a cycle: the version that counts now, and the earlier ones behind it."""
    versions = (
        SelfAssessment.objects.visible_to(request.user, request.membership)
        .select_related("cycle")
        .with_progress()
        .with_score()
        .defer("content")
        .order_by("-cycle__period_ends_on", "cycle", "-version")
    )
    rounds: dict[int, list[SelfAssessment]] = {}
    for version in versions if request.membership else ():
        rounds.setdefault(version.cycle_id, []).append(version)
    rows = [{"current": newest, "earlier": earlier} for newest, *earlier in rounds.values()]
    return render(request, "assessments/list.html", {"rows": rows})


def _of_scope(request: HttpRequest) -> HttpResponse:
    """One cycle over the scope: how many stand where, and a page of them in the order of their names."""
    scope = Institution.objects.visible_to(request.user, request.membership)
    form = SelfAssessmentFilterForm(request.GET, scope=scope)
    cycle = form.wanted.get("cycle") or Cycle.objects.visible_to(request.user).first()
    latest = (
        SelfAssessment.objects.supervised_by(request.user, Permission.SUPERVISE, request.membership)
        .filter(cycle=cycle)
        .latest_versions()
        .with_standing()
    )
    rows = form.filtered(latest).select_related("institution__region", "cycle").defer("content")
    after = request.GET.get("after", "")
    page, cursor = _page(rows, scope.filter(pk=after).first() if after.isascii() and after.isdigit() else None)
    context = {
        "cycle": cycle,
        "form": form,
        "saved_views": saved_views(request, ListPage.SELF_ASSESSMENTS, form),
        "totals": _totals(latest, cycle),
        "rows": page,
        "count": bounded_count(rows),
        "next_cursor": cursor,
        "may_open": request.membership.may(Permission.MANAGE_PLAN),
    }
    return render(request, "assessments/scope.html", context)


def _totals(rows: QuerySet[SelfAssessment], cycle: Cycle | None) -> list[dict]:
    """How many stand in each state, each a link to them."""
    found = dict(rows.order_by().values_list("standing").annotate(Count("pk")))
    return [
        {
            "state": state.value,
            "label": state.label,
            "number": found.get(state.value, 0),
            "url": "?" + urlencode({"cycle": cycle.pk, "state": state.value}),
        }
        for state in SelfAssessmentState
        if cycle
    ]


def _page(rows: QuerySet[SelfAssessment], last: Institution | None) -> tuple[list[SelfAssessment], int | None]:
    """Rows by the institution's name behind the last one shown, and the institution to go on behind."""
    if last:
        same_name = Q(institution__name=last.name, institution__gt=last.pk)
        rows = rows.filter(Q(institution__name__gt=last.name) | same_name)
    found = list(rows.order_by("institution__name", "institution")[: ROWS_A_PAGE + 1])
    return found[:ROWS_A_PAGE], found[ROWS_A_PAGE - 1].institution_id if len(found) > ROWS_A_PAGE else None


@requires(Permission.MANAGE_PLAN)
def open_cycle(request: HttpRequest) -> HttpResponse:
    form = CycleForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            cycle = actions.open_cycle(by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("period_starts_on", error)
        else:
            messages.success(request, _("自评周期“%(title)s”已开启。") % {"title": cycle.local_title})
            return redirect("assessments:list")
    plan = form.cleaned_data.get("plan") if form.is_bound else form["plan"].field.initial
    context = {
        "form": form,
        "addressed": institutions_asked(plan).count() if plan else 0,
        "prefilled": institutions_prefilled(plan) if plan else 0,
    }
    return render(request, "assessments/open_cycle.html", context, status=400 if form.errors else 200)
