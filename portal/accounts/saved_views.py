"""A list's filters under a name, of one's own or shared: what the row of saved views above a filter bar shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from portal.accounts.enums import ListPage
from portal.accounts.models import SavedView
from portal.accounts.permissions import can_change_view


@dataclass(frozen=True)
class Shown:
    """A saved view as a link. `is_open`: the list shows just that; `may_change`: rename and delete it."""

    view: SavedView
    url: str
    is_open: bool
    may_change: bool


@dataclass(frozen=True)
class SavedViews:
    """`query` is what would be saved now; `ignored` names filters that say nothing, such as a choice that is gone."""

    page: ListPage
    views: list[Shown]
    query: str
    ignored: list[str]
    may_share: bool

    @property
    def is_known(self) -> bool:
        return any(shown.is_open for shown in self.views)


def saved_views(request: HttpRequest, page: ListPage, form: BaseForm, names: Sequence[str] | None = None) -> SavedViews:
    """The views of the page that one sees, in one query. `form` holds its filters; what a view keeps are those, or
    the parameters of these `names`, on a page that says itself what it could not use.
    """
    ignored = [] if names else [str(form.fields[name].label) for name in form.errors if name in form.fields]
    names = names or list(form.fields)
    query = clean_query(request.GET.urlencode(), names)
    url = reverse(page)
    shown = []
    views = SavedView.objects.visible_to(request.user, request.membership).filter(page=page)
    for view in views.select_related("user"):
        cleaned = clean_query(view.query, names)
        shown.append(Shown(view, f"{url}?{cleaned}", cleaned == query, can_change_view(request.user, view)))
    may_share = bool(request.membership and request.membership.is_supervising)
    return SavedViews(page, shown, query, ignored, may_share)


def clean_query(query: str, names: Iterable[str]) -> str:
    """The named parameters that say something, in the order of `names`, so that equal filters are equal texts."""
    given = QueryDict(query)
    cleaned = QueryDict(mutable=True)
    for name in names:
        if values := [value for value in given.getlist(name) if value]:
            cleaned.setlist(name, values)
    return cleaned.urlencode()
