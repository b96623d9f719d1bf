"""证明材料: all files of the institution one acts for."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.keyset import bounded_count, keyset_page
from portal.snippets import Snippet
from vault.filters import LibraryFilter, own_files
from vault.models import StoredFile
from vault.scanner import is_answering
from vault.snippets import snippets

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class Entry:
    """A file on the list, with where its text holds what was searched for."""

    file: StoredFile
    snippet: Snippet | None

    @property
    def uses(self) -> list:
        """The requirements for which it is put forward now."""
        return [evidence for evidence in self.file.evidence.all() if evidence.is_current]

    @property
    def is_signed(self) -> bool:
        return any(evidence.frozen_at for evidence in self.file.evidence.all())


@require_safe
@requires(Permission.FILL_IN, Permission.SIGN)
def library(request: HttpRequest) -> HttpResponse:
    """Every file, newest first, and where each is used."""
    rows = own_files(request)
    filterset = LibraryFilter(request.GET, queryset=rows, request=request)
    found = filterset.qs if filterset.is_valid() else rows.none()
    page = keyset_page(
        found.select_related("uploaded_by").prefetch_related("evidence__assignment", "evidence__requirement__task"),
        by=("-received_at", "-pk"),
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    text = filterset.form.cleaned_data.get("q", "") if filterset.form.is_bound else ""
    hits = snippets(text, page.rows) if text and page.rows else {}
    is_waiting = any(file.is_waiting for file in page.rows)
    context = {
        "filterset": filterset,
        "page": page,
        "entries": [Entry(file, hits.get(file.pk)) for file in page.rows],
        "count": bounded_count(found),
        "is_scanner_silent": is_waiting and not is_answering(),
    }
    return render(request, "vault/library.html", context)
