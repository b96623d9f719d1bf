"""Assignments chosen for one step together: rows ticked in the list, or everything that its filters select."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tasks.filters import ScopeAssignmentFilter
from tasks.forms import TickedForm


def filters_of(request: HttpRequest) -> dict[str, list[str]]:
    """How the choice is written down."""
    return {name: values for name, values in request.GET.lists() if name != "after" and any(values)}


def ticked(request: HttpRequest, name: str) -> list[int]:
    """The ids of the rows ticked in one of two lists; what is none selects nobody."""
    form = TickedForm(request.GET, user=request.user, membership=request.membership)
    return [row.pk for row in form.cleaned_data.get(name, ())] if form.is_valid() else []


def narrowed(request: HttpRequest, scope: Any) -> Any:
    """The assignments of `scope` that were chosen. A filter that makes no sense selects nothing, rather than all."""
    if "ticked" in request.GET:
        return scope.filter(pk__in=ticked(request, "assignment"))
    filterset = ScopeAssignmentFilter(request.GET, queryset=scope, request=request)
    return filterset.qs if filterset.is_valid() else scope.none()
