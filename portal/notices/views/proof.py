"""送达记录: who was told what in an institution's name, when, by which way, and whether it arrived."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.keyset import bounded_count, keyset_page
from portal.notices.forms.proof import FAILED, REPORTED, ProofForm
from portal.notices.models import Escalation, Notice
from portal.notices.told import reported, told, with_deliveries

ROWS_A_PAGE = 50
EXPORT = (Permission.EXPORT_STATUS, Permission.EXPORT_SUPERVISORY)


@require_safe
@requires(Permission.SEE_PROOF)
def proof(request: HttpRequest) -> HttpResponse:
    """The institution's people see their own; supervisors one institution's, or whom nothing reaches in the scope."""
    membership = request.membership
    form = ProofForm(request.GET, user=request.user, membership=membership)
    context: dict[str, Any] = {
        "form": form,
        "institution": form.shown_institution,
        "tab": form.shown_tab,
        "supervises": membership.is_supervising,
        "may_export": any(membership.may(permission) for permission in EXPORT),
        "count": None,
        "needs_institution": form.shown_institution is None and form.shown_tab != FAILED,
    }
    if context["needs_institution"]:
        return render(request, "notices/proof.html", context)
    rows: Any
    if form.shown_tab == REPORTED:
        rows = form.in_period(Escalation.objects.told_for(request.user, membership)).select_related("institution")
    else:
        rows = with_deliveries(form.narrowed(Notice.objects.told_for(request.user, membership)))
        if form.shown_tab == FAILED:
            rows = rows.out_of_reach()
    page = keyset_page(rows, by=["-pk"], after=request.GET.get("after", ""), size=ROWS_A_PAGE)
    lines = reported(page.rows) if form.shown_tab == REPORTED else told(page.rows, is_own=not membership.is_supervising)
    context |= {"rows": lines, "next_cursor": page.next_cursor, "count": bounded_count(rows)}
    return render(request, "notices/proof.html", context)
