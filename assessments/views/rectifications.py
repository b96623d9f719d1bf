"""What has to be put right: the supervisor's list of the scope, and an institution's own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assessments.enums import RectificationState
from assessments.filters import RectificationFilterForm
from assessments.models import Rectification
from assessments.querysets import RectificationQuerySet
from portal.accounts.access import signed_in
from portal.accounts.enums import Permission
from portal.accounts.models import Institution
from portal.keyset import bounded_count, keyset_page

PAGE = 50
MOST_UNCLOSED = 200  # of one institution; it has a handful


@require_safe
@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    rows = Rectification.objects.visible_to(request.user, request.membership).select_related(
        "authority", "requirement__task"
    )
    if request.membership and request.membership.is_supervising:
        return _in_scope(request, rows)
    return _of_institution(request, rows)


def _in_scope(request: HttpRequest, rows: RectificationQuerySet) -> HttpResponse:
    """By deadline, through the filters; any page costs what the first does."""
    scope = Institution.objects.visible_to(request.user, request.membership)
    form = RectificationFilterForm(request.GET, scope=scope)
    found = form.filtered(rows, request.user, request.membership.authority)
    page = keyset_page(
        found.select_related("institution__region"),
        by=("deadline", "pk"),
        after=request.GET.get("after", ""),
        size=PAGE,
    )
    context = {
        "form": form,
        "page": page,
        "count": bounded_count(found),
        "institution": form.wanted.get("institution"),
        "is_filtered": bool(form.wanted),
        "may_open": request.membership.may(Permission.REVIEW),
    }
    return render(request, "assessments/rectifications.html", context)


def _of_institution(request: HttpRequest, rows: RectificationQuerySet) -> HttpResponse:
    """What to do comes first, the most urgent at the top; then what waits for the supervisor, then what is over."""
    by_deadline = rows.order_by("deadline", "pk")
    closed = keyset_page(
        rows.filter(state=RectificationState.CLOSED),
        by=("-closed_at", "-pk"),
        after=request.GET.get("after", ""),
        size=PAGE,
    )
    context = {
        "to_do": by_deadline.filter(state=RectificationState.OPEN)[:MOST_UNCLOSED],
        "waiting": by_deadline.filter(state=RectificationState.UNVERIFIED)[:MOST_UNCLOSED],
        "closed": closed,
        "may_answer": bool(request.membership and request.membership.may(Permission.FILL_IN)),
    }
    return render(request, "assessments/rectifications_own.html", context)
