"""The dialog's answer while one types, and the page that works without a script."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.shell.search.asked import Asked
from portal.shell.search.forms import SearchForm
from portal.shell.search.groups import GROUPS, find_all, find_in
from portal.text_search import LOOKED_AT

IN_DIALOG, ON_PAGE, OF_GROUP = 3, 5, 20
BY_KEY = {group.key: group for group in GROUPS}


@signed_in
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The first hits of each group, or one group page by page."""
    form = _form(request)
    context: dict[str, Any] = {"form": form}
    asked = _asked(request, form)
    if asked and asked.is_enough:
        key = form.cleaned_data["group"]
        if key:
            context |= _one_group(asked, key, form.cleaned_data["page"] or 1)
        else:
            context["found"] = find_all(asked, ON_PAGE)
    return render(request, "shell/search.html", context | {"asked": asked})


@signed_in
@require_safe
def found(request: HttpRequest) -> HttpResponse:
    """What the dialog shows of it."""
    form = _form(request)
    asked = _asked(request, form)
    hits = find_all(asked, IN_DIALOG) if asked and asked.is_enough else []
    context = {"form": form, "asked": asked, "found": hits, "count": sum(len(part.hits) for part in hits)}
    return render(request, "shell/search_found.html", context)


def _form(request: HttpRequest) -> SearchForm:
    return SearchForm(request.GET if "q" in request.GET else None)


def _asked(request: HttpRequest, form: SearchForm) -> Asked | None:
    """None while there is nothing to look for, and for somebody who acts for no body."""
    if not form.is_valid() or not request.membership:
        return None
    return Asked(form.cleaned_data["q"], request.user, request.membership)


def _one_group(asked: Asked, key: str, number: int) -> dict[str, Any]:
    number = min(number, LOOKED_AT // OF_GROUP)
    part = find_in(BY_KEY[key], asked, (number - 1) * OF_GROUP, OF_GROUP)
    has_next = part.more and number < LOOKED_AT // OF_GROUP
    return {
        "part": part,
        "found": [part] if part.hits else [],
        "before": number - 1,
        "after": number + 1 if has_next else 0,
        "is_cut": part.more and not has_next,
        "looked_at": LOOKED_AT,
    }
