"""The calendar of the body acted for, as a month or as a list of days, and the feed for calendar programs."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import public, signed_in
from portal.accounts.actions import create_calendar_feed, revoke_calendar_feed, token_digest
from portal.accounts.models import CalendarFeed
from reports.calendar.days import Month, days_of, entries_for, weeks_of
from reports.calendar.entries import Reader
from reports.calendar.filters import CalendarForm
from reports.calendar.throttling import seconds_to_wait
from reports.calendar.writing import write_feed

MONTH, LIST = "calendar:month", "calendar:list"
TEMPLATES = {MONTH: "reports/calendar/month.html", LIST: "reports/calendar/list.html"}


@require_safe
@signed_in
def month(request: HttpRequest) -> HttpResponse:
    return _page(request, MONTH)


@require_safe
@signed_in
def day_list(request: HttpRequest) -> HttpResponse:
    return _page(request, LIST)


def _page(request: HttpRequest, view: str, link: str = "") -> HttpResponse:
    """`link` is the address of a feed that was just made: it is shown in this answer only."""
    today = timezone.localdate()
    form = CalendarForm(request.GET)
    shown = form.chosen.get("month") or Month.of(today)
    reader = Reader(request.user, request.membership) if request.membership else None
    entries = entries_for(reader, form.wanted(shown, today)) if reader else []
    days = days_of(shown, entries, today)
    feeds = CalendarFeed.objects.visible_to(request.user).unrevoked()
    chosen = {name: request.GET[name] for name in form.chosen if name != "month"}

    def address(name: str, of: Month | None) -> str:
        return f"{reverse(name)}?{urlencode({**chosen, 'month': of})}" if of else ""

    context = {
        "form": form,
        "month": shown,
        "is_filtered": bool(chosen),
        "is_supervising": bool(request.membership and request.membership.is_supervising),
        "count": len(entries),
        "days": days,
        "weeks": weeks_of(days),
        "has_festivals": any(day.festival for day in days),
        "urls": {
            "before": address(view, shown.before),
            "after": address(view, shown.after),
            "today": address(view, Month.of(today)),
            "month": address(MONTH, shown),
            "list": address(LIST, shown),
        },
        "weekdays": list(WEEKDAYS_ABBR.values()),
        "is_month": view == MONTH,
        "is_list": view == LIST,
        "feed": feeds.filter(membership=request.membership).first(),
        "link": link,
    }
    return render(request, TEMPLATES[view], context)


# --- The feed ---------------------------------------------------------------------------------------------


@never_cache
@require_POST
@signed_in
def create_feed(request: HttpRequest) -> HttpResponse:
    """A new link, in place of the one before."""
    if request.membership is None:
        raise PermissionDenied
    _feed, token = create_calendar_feed(membership=request.membership, by=request.user)
    return _page(request, MONTH, link=settings.SITE_URL + reverse("calendar:feed", args=[token]))


@require_POST
@signed_in
def revoke_feed(request: HttpRequest) -> HttpResponse:
    feeds = CalendarFeed.objects.visible_to(request.user).unrevoked()
    revoke_calendar_feed(feed=get_object_or_404(feeds, membership=request.membership), by=request.user)
    messages.success(request, _("订阅链接已撤销，日历程序不能再用它读取日历。"))
    return redirect(MONTH)


@require_safe
@public
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """For whoever holds the link. Asked again before anything changed, it answers with 304."""
    digest = token_digest(token)
    if wait := seconds_to_wait(request, digest):
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    feeds = CalendarFeed.objects.readable().select_related("user", "membership__institution", "membership__authority")
    found = get_object_or_404(feeds, token_digest=digest)
    with translation.override(found.user.language):
        content = write_feed(found, today=timezone.localdate())
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response
