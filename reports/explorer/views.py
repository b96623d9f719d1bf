"""The page of each subject, and its export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from portal.accounts.access import requires
from portal.accounts.enums import ListPage, Permission
from portal.accounts.saved_views import clean_query, saved_views
from reports import actions
from reports.enums import SheetFormat
from reports.explorer.asked import AFTER, Asked
from reports.explorer.forms import ExportForm
from reports.explorer.registry import ALL_LISTED, LISTED
from reports.explorer.subjects import Column
from reports.permissions import may_export_rows

ROWS_A_PAGE = 50
# What another subject can be narrowed to by the same words.
SHARED = ("plan", "theme", "task", "kind", "region", "institution", "authority", "at")


@dataclass(frozen=True)
class Head:
    """A column's head: `query` sorts by it, where an index has that order; `order` is how it is sorted now."""

    label: str
    css: str
    query: str = ""
    order: str = ""


@require_safe
@requires(Permission.SUPERVISE)
def index(request: HttpRequest) -> HttpResponse:
    return redirect(ListPage.ASSIGNMENTS)


@require_safe
@requires(Permission.SUPERVISE)
def subject(request: HttpRequest, key: str) -> HttpResponse:
    asked = Asked(LISTED[key], request.GET, request)
    listed = asked.listed
    page, count = asked.page(after=request.GET.get(AFTER, ""), size=ROWS_A_PAGE)
    context = {
        "asked": asked,
        "listed": listed,
        "tabs": _tabs(request, key),
        "heads": [_head(asked, column) for column in asked.columns],
        "lines": asked.lines(page.rows),
        "next_cursor": page.next_cursor,
        "count": count,
        "saved_views": saved_views(request, listed.page, asked.form, asked.names),
        "bulk": [step for step in listed.bulk if request.membership.may(step.needs)],
        "formats": list(SheetFormat) if may_export_rows(request.membership) else [],
        "may_extend": request.membership.may(Permission.GRANT_EXTENSIONS),
        "may_manage_retention": request.membership.may(Permission.MANAGE_RETENTION),
    }
    response = render(request, "reports/explorer/subject.html", context)
    return push_url(response, f"{request.path}?{asked.address}") if request.htmx else response


def _tabs(request: HttpRequest, current: str) -> list[tuple[str, str, bool]]:
    """Each subject with what the filters say of any of them."""
    tabs = []
    for listed in ALL_LISTED:
        shared = [name for name in SHARED if name in listed.filterset.base_filters and name in listed.filterset.order]
        query = clean_query(request.GET.urlencode(), shared)
        tabs.append((str(listed.subject.label), f"{reverse(listed.page)}?{query}", listed.key == current))
    return tabs


def _head(asked: Asked, column: Column) -> Head:
    if column.key not in asked.listed.orders:
        return Head(str(column.label), column.css)
    is_sorted = asked.sort.removeprefix("-") == column.key
    is_ascending = is_sorted and not asked.sort.startswith("-")
    query: Any = QueryDict(asked.address, mutable=True)
    query["sort"] = f"-{column.key}" if is_ascending else column.key
    order = ("ascending" if is_ascending else "descending") if is_sorted else "none"
    return Head(str(column.label), column.css, query.urlencode(), order)


@require_POST
@requires(Permission.EXPORT_SUPERVISORY)
def export(request: HttpRequest) -> HttpResponse:
    """Ask for all that a page finds, as a file that a worker makes."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("导出的内容或格式有误，未导出。请在列表上重新点击导出。"))
        return redirect(ListPage.ASSIGNMENTS)
    wanted = form.cleaned_data
    asked = Asked(LISTED[wanted["subject"]], QueryDict(wanted["query"]), request)
    if asked.form.errors:
        messages.error(request, _("筛选条件有误，未导出。请先更正下面的筛选条件。"))
        return redirect(f"{reverse(asked.listed.page)}?{asked.address}")
    report = actions.request_export(
        membership=request.membership,
        subject=asked.listed.subject,
        query=asked.address_now,
        columns=[column.key for column in asked.columns],
        file_format=SheetFormat(wanted["format"]),
        language=get_language() or "zh-hans",
        by=request.user,
    )
    return redirect(report)
