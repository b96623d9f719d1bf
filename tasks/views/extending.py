"""批量延期: decide to move many deadlines at once, what became of the decision, and moving them back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from portal.keyset import bounded_count, keyset_page
from tasks.enums import BulkExtensionState, ExtensionStep
from tasks.extending.asking import ask, ask_undo
from tasks.extending.choice import Choice
from tasks.extending.facts import to_put_back
from tasks.forms import ExtendForm
from tasks.forms.extending import EXTEND
from tasks.models import Assignment, BulkExtension
from tasks.permissions import can_extend, can_undo
from tasks.querysets import AssignmentQuerySet
from tasks.selecting import filters_of, narrowed

EXTENSIONS_A_PAGE, ROWS_A_PAGE = 20, 50
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@read_or_post
@requires(Permission.GRANT_EXTENSIONS)
def extend_many(request: HttpRequest) -> HttpResponse:
    """How far and why, then what exactly would move, and the decision to move it."""
    form = ExtendForm(request.POST or None)
    preview, refusal = None, ""
    if form.is_valid():
        choice = Choice(request.user, request.membership, form.term, filters_of(request.GET))
        if form.cleaned_data["what"] == EXTEND:
            try:
                return redirect(_ask(request, choice, form))
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
    return narrowed(request, request.GET, Assignment.objects.visible_to(request.user, acting=request.membership))


def _ask(request: HttpRequest, choice: Choice, form: ExtendForm) -> BulkExtension:
    wanted = form.cleaned_data
    return ask(
        choice=choice, reason=wanted["reason"], seen_sha256=wanted["seen"], token=wanted["token"], by=request.user
    )


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
    """One decision, how far it is carried out, every deadline it moved, and whether it can be undone."""
    extension = _visible(request, pk)
    extended = extension.extended.visible_to(request.user, acting=request.membership)
    page = keyset_page(
        extended.select_related("assignment__task", "assignment__institution"),
        by=["pk"],
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    context: dict[str, Any] = {"extension": extension, "rows": page.rows, "next_cursor": page.next_cursor}
    context["steps"] = _steps(extension)
    if extension.state == BulkExtensionState.NOT_EXTENDED and can_extend(request.user, request.membership):
        context["again"] = ExtendForm.again(extension)
    if extension.is_undoable and can_undo(request.user, request.membership, extension):
        context["to_put_back"] = to_put_back(extension, request.user, request.membership).count()
    return render(request, "tasks/extension.html", context)


@require_safe
@requires(Permission.SUPERVISE)
@never_cache
def extension_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The steps while a worker is at it; then the browser opens the page anew."""
    extension = _visible(request, pk)
    if not extension.is_under_way:
        return HttpResponseClientRefresh()
    context = {"extension": extension, "steps": _steps(extension)}
    return render(request, "tasks/_extension_progress.html", context)


def _steps(extension: BulkExtension) -> list[tuple[str, str]]:
    """What is done, what is happening, and what is still to come. What was put back begins anew."""
    steps = list(ExtensionStep)
    at = 0 if extension.is_waiting else steps.index(ExtensionStep(extension.step))
    status = {True: "done", False: "waiting"}
    return [(str(step.label), "current" if n == at else status[n < at]) for n, step in enumerate(steps)]


@require_POST
@requires(Permission.GRANT_EXTENSIONS)
def extension_undo(request: HttpRequest, pk: int) -> HttpResponse:
    extension = _visible(request, pk)
    try:
        ask_undo(extension=extension, by=request.user, membership=request.membership)
    except WrongState as refused:
        messages.error(request, refused.messages[0])
    return redirect(extension)


def _visible(request: HttpRequest, pk: int) -> BulkExtension:
    rows = BulkExtension.objects.visible_to(request.user, acting=request.membership)
    return get_object_or_404(rows.select_related("by", "authority", "undone_by"), pk=pk)
