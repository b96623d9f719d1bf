"""The inbox. Opening a notice is a POST, because it marks the notice as read."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import signed_in
from portal.accounts.enums import Permission
from portal.keyset import bounded_count, keyset_page
from portal.notices.actions import mark_read
from portal.notices.forms.inbox import InboxForm
from portal.notices.models import Notice

NOTICES_A_PAGE = 30


@require_GET
@signed_in
def inbox(request) -> HttpResponse:
    """What one was told, newest first."""
    form = _filters(request, request.GET)
    rows = form.notices()
    after = request.GET.get("after", "")
    page = keyset_page(
        rows.select_related("institution"),
        by=["-pk"],
        after=after if after.isdecimal() else "",
        size=NOTICES_A_PAGE,
    )
    context = {
        "form": form,
        "notices": page.rows,
        "next_cursor": page.next_cursor,
        "unread": bounded_count(rows.unread()),
        "is_filtering": form.is_filtering,
        "only_unread": form.cleaned_data.get("unread"),
        "may_see_proof": bool(request.membership and request.membership.may(Permission.SEE_PROOF)),
    }
    return render(request, "notices/inbox.html", context)


def _filters(request, data: QueryDict) -> InboxForm:
    is_supervising = bool(request.membership and request.membership.is_supervising)
    return InboxForm(data, reader=request.user, is_supervising=is_supervising)


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
    """Mark what the filters show as read, on all pages of it."""
    form = _filters(request, request.POST)
    count = mark_read(notices=form.notices(), by=request.user)
    words = ngettext("已将 %(count)s 条通知标为已读。", "已将 %(count)s 条通知标为已读。", count)
    messages.success(request, words % {"count": count})
    return redirect(f"{reverse('notices:inbox')}{form.query}")
