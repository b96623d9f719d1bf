"""Assignments chosen for one step together: rows ticked in the list, or everything that its filters select."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import QueryDict

from portal.accounts.models import Membership, User
from tasks.filters import ScopeAssignmentFilter
from tasks.forms import TickedForm

TICKED = "ticked"


class Reader(NamedTuple):
    """Who chooses, where there is no request: what filters ask of one."""

    user: User
    membership: Membership


def filters_of(query: QueryDict) -> dict[str, list[str]]:
    """How the choice is written down. `ticked` stays even when it names no list: then nothing is chosen."""
    return {name: values for name, values in query.lists() if name == TICKED or (name != "after" and any(values))}


def query_of(filters: dict[str, list[str]]) -> QueryDict:
    """The query that was written down."""
    query = QueryDict(mutable=True)
    for name, values in filters.items():
        query.setlist(name, values)
    return query


def ticked(reader: Any, query: QueryDict, name: str) -> list[int]:
    """The ids of the rows ticked in one of two lists; what is none selects nobody."""
    form = TickedForm(query, user=reader.user, membership=reader.membership)
    return [row.pk for row in form.cleaned_data.get(name, ())] if form.is_valid() else []


def narrowed(reader: Any, query: QueryDict, scope: Any) -> Any:
    """The assignments of `scope` that were chosen. A filter that makes no sense selects nothing, rather than all.

    `reader` is a request, or who stands for one.
    """
    if TICKED in query:
        return scope.filter(pk__in=ticked(reader, query, "assignment"))
    filterset = ScopeAssignmentFilter(query, queryset=scope, request=reader)
    return filterset.qs if filterset.is_valid() else scope.none()
