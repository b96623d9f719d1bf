"""The review queue, and the way through it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assessments.filters import QueueFilterForm
from assessments.queue import PAGE, Place, Queue
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.accounts.models import Institution


@require_GET
@requires(Permission.REVIEW)
def review_queue(request: HttpRequest) -> HttpResponse:
    form = filter_form(request)
    queue = Queue(request.user, request.membership, form)
    items = queue.items(Place.parse(request.GET.get("after", "")), PAGE + 1)
    count, is_more = queue.count()
    context = {
        "form": form,
        "items": items[:PAGE],
        "next_cursor": items[PAGE - 1].place.cursor if len(items) > PAGE else None,
        "count": count,
        "is_more": is_more,
        "filters": filters_of(request),
    }
    return render(request, "assessments/review_queue.html", context)


def filters_of(request: HttpRequest) -> str:
    """The queue's filters as a query, so that one comes back to the same queue."""
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()


def filter_form(request: HttpRequest) -> QueueFilterForm:
    scope = Institution.objects.visible_to(request.user, request.membership)
    return QueueFilterForm(request.GET, scope=scope)
