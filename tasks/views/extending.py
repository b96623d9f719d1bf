"""批量延期: move many deadlines at once, what was moved, and moving it back."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from portal.keyset import bounded_count, keyset_page
from tasks.extending import Choice, Term, extend, undo
from tasks.extending.acts import to_put_back
from tasks.forms import ExtendForm
from tasks.forms.extending import EXTEND
from tasks.models import Assignment, BulkExtension
from tasks.permissions import can_undo
from tasks.querysets import AssignmentQuerySet
from tasks.views.selecting import filters_of, narrowed

EXTENSIONS_A_PAGE, ROWS_A_PAGE = 20, 50
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@read_or_post
@requires(Permission.GRANT_EXTENSIONS)
def extend_many(request: HttpRequest) -> HttpResponse:
    """How far and why, then what exactly would move, and the decision to move it."""
    form = ExtendForm(request.POST or None)
    preview, refusal = None, ""
    if form.is_valid():
        choice = choice_of(request, form.term)
        if form.cleaned_data["what"] == EXTEND:
            try:
                return redirect(_extend(request, choice, form))
            except ValidationError as refused:
                refusal = refused.messages[0]
        preview = choice.preview()
    context = {
        "form": form,
        "preview": preview,
        "refusal": refusal,
        "chosen": bounded_count(_chosen(request)),
        "query": request.GET.urlencode(),
    }
    return render(request, "tasks/extend.html", context, status=422 if form.errors or refusal else 200)


def _chosen(request: HttpRequest) -> AssignmentQuerySet:
    return narrowed(request, Assignment.objects.visible_to(request.user, acting=request.membership))


def choice_of(request: HttpRequest, term: Term) -> Choice:
    return Choice(request.user, request.membership, partial(narrowed, request), term, filters_of(request))


def _extend(request: HttpRequest, choice: Choice, form: ExtendForm) -> BulkExtension:
    wanted = form.cleaned_data
    extension = extend(
        choice=choice, reason=wanted["reason"], seen_sha256=wanted["seen"], token=wanted["token"], by=request.user
    )
    said = ngettext("已延期 %(count)s 项任务。", "已延期 %(count)s 项任务。", extension.assignments)
    messages.success(request, said % {"count": extension.assignments})
    return extension


# --- What was extended ------------------------------------------------------------------------------------


@require_safe
@requires(Permission.SUPERVISE)
def extension_list(request: HttpRequest) -> HttpResponse:
    """The decisions of the authority acted for, the latest first."""
    rows = BulkExtension.objects.visible_to(request.user, acting=request.membership).select_related("by")
    page = keyset_page(rows, by=["-pk"], after=request.GET.get("after", ""), size=EXTENSIONS_A_PAGE)
    context = {
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "may_extend": request.membership.may(Permission.GRANT_EXTENSIONS),
    }
    return render(request, "tasks/extensions.html", context)


@require_safe
@requires(Permission.SUPERVISE)
def extension_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One decision, every deadline it moved, and whether it can be undone."""
    extension = _visible(request, pk)
    extended = extension.extended.visible_to(request.user, acting=request.membership)
    page = keyset_page(
        extended.select_related("assignment__task", "assignment__institution"),
        by=["pk"],
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    context: dict[str, Any] = {"extension": extension, "rows": page.rows, "next_cursor": page.next_cursor}
    if extension.is_undoable and can_undo(request.user, request.membership, extension):
        context["to_put_back"] = to_put_back(extension, request.user, request.membership).count()
    return render(request, "tasks/extension.html", context)


@require_POST
@requires(Permission.GRANT_EXTENSIONS)
def extension_undo(request: HttpRequest, pk: int) -> HttpResponse:
    extension = _visible(request, pk)
    try:
        undone = undo(extension=extension, by=request.user, membership=request.membership)
    except WrongState as refused:
        messages.error(request, refused.messages[0])
    else:
        said = ngettext("已恢复 %(count)s 项任务的原期限。", "已恢复 %(count)s 项任务的原期限。", undone.put_back)
        messages.success(request, said % {"count": undone.put_back})
    return redirect(extension)


def _visible(request: HttpRequest, pk: int) -> BulkExtension:
    rows = BulkExtension.objects.visible_to(request.user, acting=request.membership)
    return get_object_or_404(rows.select_related("by", "authority", "undone_by"), pk=pk)
