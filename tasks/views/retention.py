"""For lead supervisors: files whose retention has ended, their deletion, and legal holds."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.accounts.models import Institution
from portal.gate import WrongState
from portal.keyset import bounded_count, keyset_page
from tasks.filters import RetentionFilter
from tasks.forms import ChosenFilesForm, DeletionForm, HoldForm
from tasks.models import Assignment, Evidence
from tasks.retention import FILES_AT_ONCE, delete_files, retention_ended, with_retention
from vault.enums import FileState
from vault.holds import place_hold, release_hold
from vault.models import LegalHold, StoredFile
from vault.querysets import StoredFileQuerySet

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


class Row(NamedTuple):
    """A file, and the work of which it was part."""

    file: StoredFile
    assignments: list[Assignment]


def _in_scope(request: HttpRequest) -> StoredFileQuerySet:
    return StoredFile.objects.supervised_by(request.user, Permission.MANAGE_RETENTION, acting=request.membership)


def _rows(files: list[StoredFile]) -> list[Row]:
    return [Row(file, list({use.assignment_id: use.assignment for use in file.uses}.values())) for file in files]


def _with_uses(files: StoredFileQuerySet) -> StoredFileQuerySet:
    uses = Evidence.objects.select_related("assignment__task").order_by("assignment__task__number")
    return (
        with_retention(files)
        .select_related("institution", "deleted_by")
        .prefetch_related(Prefetch("evidence", uses, to_attr="uses"))
    )


@require_safe
@requires(Permission.MANAGE_RETENTION)
def retention_list(request: HttpRequest) -> HttpResponse:
    """What may be deleted, the oldest first. What is held is shown and cannot be chosen."""
    context = _page(request, retention_ended(_in_scope(request)), by=("received_at", "pk"))
    free = [row.file.pk for row in context["rows"] if not row.file.is_held]
    all_url = f"{reverse('tasks:retention_delete')}?{urlencode({'file': free}, doseq=True)}"
    context |= {"free_count": len(free), "delete_all_url": all_url}
    return render(request, "tasks/retention.html", context)


@require_safe
@requires(Permission.MANAGE_RETENTION)
def deleted_list(request: HttpRequest) -> HttpResponse:
    """The tombstones, the latest first."""
    deleted = _in_scope(request).filter(state=FileState.DELETED)
    context = _page(request, deleted, by=("-deleted_at", "-pk"))
    return render(request, "tasks/retention_deleted.html", context)


def _page(request: HttpRequest, files: StoredFileQuerySet, by: tuple[str, str]) -> dict[str, object]:
    filterset = RetentionFilter(request.GET, queryset=files, request=request)
    found = filterset.qs if filterset.is_valid() else files.none()
    page = keyset_page(_with_uses(found), by=by, after=request.GET.get("after", ""), size=FILES_AT_ONCE)
    return {
        "filterset": filterset,
        "rows": _rows(page.rows),
        "next_cursor": page.next_cursor,
        "count": bounded_count(found),
    }


@read_or_post
@requires(Permission.MANAGE_RETENTION)
def delete(request: HttpRequest) -> HttpResponse:
    """The decision: what exactly is deleted, what follows, and why."""
    posted = request.method == "POST"
    chosen = ChosenFilesForm(request.POST if posted else request.GET, files=_in_scope(request))
    if not chosen.is_valid():
        messages.info(request, _("请先选择要删除的文件。"))
        return redirect("tasks:retention")
    files = chosen.cleaned_data["file"]
    form = DeletionForm(request.POST if posted else None, files=files, initial={"file": files})
    refusal = ""
    if posted and form.is_valid():
        try:
            deleted = delete_files(files=files, reason=form.cleaned_data["reason"], by=request.user)
        except ValidationError as refused:
            refusal = refused.messages[0]
        else:
            number = len(deleted)
            words = ngettext("已删除 %(count)d 个文件。", "已删除 %(count)d 个文件。", number)
            messages.success(request, words % {"count": number})
            return redirect("tasks:retention_deleted")
    rows = _rows(list(_with_uses(files)[:FILES_AT_ONCE]))
    context = {"form": form, "rows": rows, "size": sum(row.file.size for row in rows), "refusal": refusal}
    return render(request, "tasks/retention_delete.html", context)


# --- Legal holds ------------------------------------------------------------------------------------------


@require_safe
@requires(Permission.SUPERVISE)
def hold_list(request: HttpRequest) -> HttpResponse:
    """The institutions whose files are held."""
    holds = LegalHold.objects.visible_to(request.user, acting=request.membership).standing()
    page = keyset_page(
        holds.select_related("institution", "placed_by"),
        by=("-placed_at", "-pk"),
        after=request.GET.get("after", ""),
        size=FILES_AT_ONCE,
    )
    context = {"page": page, "may_manage": request.membership.may(Permission.MANAGE_RETENTION)}
    return render(request, "tasks/retention_holds.html", context)


@read_or_post
@requires(Permission.MANAGE_RETENTION)
def hold_place(request: HttpRequest, pk: int) -> HttpResponse:
    institution = get_object_or_404(Institution.objects.visible_to(request.user, acting=request.membership), pk=pk)
    form = HoldForm(request.POST or None)
    if form.is_valid():
        try:
            place_hold(institution=institution, reason=form.cleaned_data["reason"], by=request.user)
        except WrongState as moved_on:
            messages.info(request, moved_on.messages[0])
        else:
            messages.success(request, _("已设置保全，该机构的材料一律不得删除。"))
        return redirect(institution)
    return render(request, "tasks/hold_place.html", {"institution": institution, "form": form})


@read_or_post
@requires(Permission.MANAGE_RETENTION)
def hold_release(request: HttpRequest, pk: int) -> HttpResponse:
    holds = LegalHold.objects.visible_to(request.user, acting=request.membership)
    hold = get_object_or_404(holds.select_related("institution", "placed_by"), pk=pk)
    if request.method == "POST":
        try:
            release_hold(hold=hold, by=request.user)
        except WrongState as moved_on:
            messages.info(request, moved_on.messages[0])
        else:
            messages.success(request, _("已解除保全。留存期已满的材料可以删除。"))
        return redirect(hold.institution)
    return render(request, "tasks/hold_release.html", {"hold": hold})
