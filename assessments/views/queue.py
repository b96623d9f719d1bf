"""The review queue, the way through it, and who deals with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.cases import loads_of, officers_of, reviewers_of
from assessments.filters import UNASSIGNED, QueueFilterForm
from assessments.forms.cases import ASSIGN, TAKE, CasesForm
from assessments.queue import PAGE, Place, Queue, proposals_to_confirm
from portal.accounts.access import requires
from portal.accounts.enums import ListPage, Permission
from portal.accounts.models import Institution, User
from portal.accounts.saved_views import saved_views
from portal.keyset import keyset_page


@requires(Permission.REVIEW)
def review_queue(request: HttpRequest) -> HttpResponse:
    """A page of the queue. A POST is about the rows ticked on it, and leads back to the same page."""
    colleagues = list(reviewers_of(request.membership.authority_id))
    cases = CasesForm(request.POST if request.method == "POST" else None, colleagues=colleagues)
    if request.method == "POST" and cases.is_valid():
        try:
            messages.success(request, _deal_with(request, cases))
        except ValidationError as error:
            cases.add_error(None, error)
        else:
            return redirect(request.get_full_path())
    form = filter_form(request, colleagues)
    queue = Queue(request.user, request.membership, form)
    items = queue.items(Place.parse(request.GET.get("after", "")), PAGE + 1)
    count, is_more = queue.count()
    officers = officers_of([item.row for item in items], request.user, request.membership)
    context = {
        "form": form,
        "saved_views": saved_views(request, ListPage.REVIEW_QUEUE, form),
        "cases": cases,
        "ticked": cases.work,
        "rows": [(item, officers.get(item.row)) for item in items[:PAGE]],
        "next_cursor": items[PAGE - 1].place.cursor if len(items) > PAGE else None,
        "count": count,
        "is_more": is_more,
        "filters": filters_of(request),
        **_loads(request, colleagues),
        **_tabs(request, is_queue=True),
    }
    return render(request, "assessments/review_queue.html", context, status=400 if cases.errors else 200)


def _deal_with(request: HttpRequest, cases: CasesForm) -> str:
    """Do what the pressed button says; what was done, in a sentence."""
    works = Queue(request.user, request.membership).chosen(cases.work)
    about: dict[str, Any] = {"works": works, "authority": request.membership.authority, "by": request.user}
    if not works:
        raise ValidationError(_("所选报送已不在队列中，可能已有结论或已撤回。"), code="gone")
    what = cases.cleaned_data["what"]
    if what == ASSIGN:
        officer = cases.colleagues[cases.cleaned_data["officer"]]
        number = actions.assign_cases(officer=officer, **about)
        done = ngettext("已将 %(number)s 件分派给%(name)s。", "已将 %(number)s 件分派给%(name)s。", number)
        return done % {"number": number, "name": officer.name}
    if what == TAKE:
        number = actions.take_cases(**about)
        return ngettext("已将 %(number)s 件转由您经办。", "已将 %(number)s 件转由您经办。", number) % {"number": number}
    number = actions.give_back_cases(**about)
    return ngettext("已退还 %(number)s 件，可重新分派。", "已退还 %(number)s 件，可重新分派。", number) % {
        "number": number
    }


def _loads(request: HttpRequest, colleagues: Sequence[User]) -> dict[str, Any]:
    """How much each colleague has, and how much nobody has: the figures of the whole queue."""
    whole = Queue(request.user, request.membership)
    loads = loads_of(colleagues, whole, request.membership)
    unassigned = Queue(request.user, request.membership, QueueFilterForm({"officer": UNASSIGNED}))
    number, is_more = unassigned.count()
    return {
        "loads": loads,
        "own_load": next((load for load in loads if load.officer.pk == request.user.pk), None),
        "unassigned": number,
        "unassigned_is_more": is_more,
    }


def _tabs(request: HttpRequest, is_queue: bool) -> dict[str, Any]:
    may_confirm = request.membership.may(Permission.CONFIRM_REVIEWS)
    return {
        "is_queue": is_queue,
        "is_proposals": not is_queue,
        "may_assign": may_confirm,
        "proposals": proposals_to_confirm(request.user, request.membership).count() if may_confirm else None,
    }


@require_GET
@requires(Permission.CONFIRM_REVIEWS)
def proposals(request: HttpRequest) -> HttpResponse:
    """What colleagues propose, for a second pair of eyes; the oldest first."""
    rows = proposals_to_confirm(request.user, request.membership)
    page = keyset_page(rows, by=["proposed_at", "pk"], after=request.GET.get("after", ""), size=PAGE)
    context = {"rows": page.rows, "next_cursor": page.next_cursor, **_tabs(request, is_queue=False)}
    return render(request, "assessments/review_proposals.html", context)


def filters_of(request: HttpRequest) -> str:
    """The queue's filters as a query, so that one comes back to the same queue."""
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()


def filter_form(request: HttpRequest, colleagues: Sequence[User] | None = None) -> QueueFilterForm:
    scope = Institution.objects.visible_to(request.user, request.membership)
    if colleagues is None:
        colleagues = list(reviewers_of(request.membership.authority_id))
    return QueueFilterForm(request.GET, scope=scope, colleagues=colleagues)
