"""The inbox, and the way out of digests. Opening a notice is a POST, because it marks the notice as read."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from portal.accounts.access import public, signed_in
from portal.accounts.models import User
from portal.notices.actions import mark_read, stop_digest
from portal.notices.forms import InboxForm, OneClickForm
from portal.notices.mail import SETTINGS_PATH
from portal.notices.models import Notice
from portal.notices.unsubscribing import person_of

NOTICES_A_PAGE = 30


@signed_in
def inbox(request) -> HttpResponse:
    """What one was told, newest first."""
    form = InboxForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = Notice.objects.visible_to(request.user).select_related("institution")
    if wanted.get("unread"):
        rows = rows.unread()
    if wanted.get("after"):
        rows = rows.filter(pk__lt=wanted["after"])
    notices = list(rows[: NOTICES_A_PAGE + 1])
    page = notices[:NOTICES_A_PAGE]
    context = {
        "notices": page,
        "next_cursor": page[-1].pk if len(notices) > NOTICES_A_PAGE else "",
        "only_unread": bool(wanted.get("unread")),
        "all_shown": not wanted.get("unread"),
    }
    return render(request, "notices/inbox.html", context)


@require_POST
@signed_in
def open_notice(request, pk: int) -> HttpResponse:
    """Mark one notice as read and go where the work is."""
    own = Notice.objects.visible_to(request.user)
    notice = get_object_or_404(own, pk=pk)
    mark_read(notices=own.filter(pk=pk), by=request.user)
    return redirect(notice.path or "notices:inbox")


@require_POST
@signed_in
def read_all(request) -> HttpResponse:
    mark_read(notices=Notice.objects.all(), by=request.user)
    return redirect("notices:inbox")


@public
@csrf_exempt
def unsubscribe(request, token: str) -> HttpResponse:
    """Where a digest's `List-Unsubscribe` leads: mail programs post here by themselves, people press the button."""
    person = person_of(token)
    if person is None:
        raise Http404
    if request.method == "POST" and OneClickForm(request.POST).is_valid():
        stop_digest(by=person)
        return HttpResponse(status=204)
    return _unsubscribe_page(request, person)


@csrf_protect
def _unsubscribe_page(request, person: User) -> HttpResponse:
    if request.method == "POST":
        stop_digest(by=person)
    context = {"person": person, "is_done": request.method == "POST", "settings_url": SETTINGS_PATH}
    return render(request, "notices/unsubscribe.html", context)
