"""A list's filters under a name of one's own: what the row of saved views above a filter bar shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from portal.accounts.enums import ListPage
from portal.accounts.models import SavedView


@dataclass(frozen=True)
class Shown:
    """A saved view as a link. `is_open`: the list shows just that."""

    view: SavedView
    url: str
    is_open: bool


@dataclass(frozen=True)
class SavedViews:
    """`query` is what would be saved now; `ignored` names filters that say nothing, such as a choice that is gone."""

    page: ListPage
    views: list[Shown]
    query: str
    ignored: list[str]

    @property
    def is_known(self) -> bool:
        return any(shown.is_open for shown in self.views)


def saved_views(request: HttpRequest, page: ListPage, form: BaseForm) -> SavedViews:
    """One's views of the page, in one query. `form` holds its filters: a name it does not know is left out."""
    query = clean_query(request.GET.urlencode(), form.fields)
    url = reverse(page)
    shown = []
    for view in SavedView.objects.visible_to(request.user).filter(page=page):
        cleaned = clean_query(view.query, form.fields)
        shown.append(Shown(view, f"{url}?{cleaned}", cleaned == query))
    ignored = [str(form.fields[name].label) for name in form.errors if name in form.fields]
    return SavedViews(page, shown, query, ignored)


def clean_query(query: str, names: Iterable[str]) -> str:
    """The named parameters that say something, in the order of `names`, so that equal filters are equal texts."""
    given = QueryDict(query)
    cleaned = QueryDict(mutable=True)
    for name in names:
        if values := [value for value in given.getlist(name) if value]:
            cleaned.setlist(name, values)
    return cleaned.urlencode()
