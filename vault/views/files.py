"""One file of the institution: what is known of it, where it is used, and its tags and validity."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.access import check, requires
from portal.accounts.enums import Permission
from vault import actions
from vault.filters import own_files
from vault.forms import DescriptionForm
from vault.models import StoredFile
from vault.permissions import can_describe
from vault.scanner import is_answering


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.FILL_IN, Permission.SIGN)
def file(request: HttpRequest, pk) -> HttpResponse:
    stored = get_object_or_404(StoredFile.objects.visible_to(request.user).select_related("uploaded_by"), pk=pk)
    if request.method == "POST":
        check(can_describe(request.user, stored))
        return _describe(request, stored)
    return _page(request, stored)


def _describe(request: HttpRequest, stored: StoredFile) -> HttpResponse:
    form = DescriptionForm(request.POST, stored=stored)
    if not form.is_valid():
        return _page(request, stored, form, status=422)
    try:
        actions.describe(stored=stored, by=request.user, **form.cleaned_data)
    except actions.StaleDescription as stale:
        stored.refresh_from_db(fields=["tags", "expires_on"])
        form.add_error(None, stale)
        return _page(request, stored, form.over(stored), status=409)
    messages.success(request, _("已保存标签和有效期。"))
    return redirect(stored)


def _page(
    request: HttpRequest, stored: StoredFile, form: DescriptionForm | None = None, *, status: int = 200
) -> HttpResponse:
    """`form` holds what was typed and not saved."""
    uses = stored.evidence.select_related("assignment", "requirement__task", "uploaded_by")
    if not form and can_describe(request.user, stored):
        form = DescriptionForm(stored=stored, known_tags=own_files(request).known_tags())
    context = {
        "stored": stored,
        "uses": list(uses.prefetch_related("submissions").order_by("-uploaded_at", "-pk")),
        "form": form,
        "is_stale": status == 409,
        "is_scanner_silent": stored.is_waiting and not is_answering(),
    }
    return render(request, "vault/file.html", context, status=status)
