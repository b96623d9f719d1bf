"""The portal's components, as template tags. They are builtins: no page needs to load them.

`docs/components.md` shows how each is used, `/components/` how each looks. A component's markup lives in
`templates/_components/`. Block components render their template without the page's context, so they cost no
query; whatever they need is passed to them.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BaseForm, BoundField
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portal.shell import components
from portal.states import STATE_STYLES, style_of

register = template.Library()


def _draw(name: str, **values: Any) -> SafeString:
    return render_to_string(f"_components/{name}.html", values)


# --- Small marks ------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A Tabler outline icon, for decoration beside words: it is hidden from screen readers."""
    return components.icon(name, css)


@register.simple_tag
def state(value: Any, overdue: bool | None = None) -> SafeString:
    """The badge of a state, given as its value or as an object with `.state`.

    Without `overdue=` an object's own `is_overdue` decides; 已逾期 stands beside the state, never instead.
    """
    if overdue is None:
        overdue = bool(getattr(value, "is_overdue", False))
    stored = getattr(value, "state", value)
    return _badge(str(getattr(stored, "value", stored)), bool(overdue), get_language())


@cache
def _badge(name: str, overdue: bool, language: str | None) -> SafeString:
    """Drawn once in each language: a list holds as many badges as rows."""
    return _draw("state", style=style_of(name), overdue=STATE_STYLES["overdue"] if overdue else None)


@register.inclusion_tag("_components/deadline.html")
def deadline(
    day: date | None, is_official: bool = True, done: bool = False, known_on: date | None = None
) -> dict[str, Any]:
    """A deadline with the days left. `done`: nothing is left to do, so no countdown.

    As `known_on` a past day, days count from that, and nothing is said of whether it was official by then.
    """
    left = None if day is None or done else (day - (known_on or timezone.localdate())).days
    late = -left if left is not None else None
    return {"day": day, "left": left, "late": late, "is_official": is_official or known_on, "known_on": known_on}


@register.inclusion_tag("_components/expiry.html")
def expiry(day: date | None) -> dict[str, Any]:
    """The last day on which a document is valid, with the days left; 已过期 once it has passed."""
    return {"day": day, "left": (day - timezone.localdate()).days if day else None}


@register.inclusion_tag("_components/progress.html")
def progress(done: int, total: int, label: str = "") -> dict[str, Any]:
    percent = round(100 * done / total, 1) if total else 0
    return {
        "value": str(done),
        "max": str(total),
        "done": components.counted(done),
        "total": components.counted(total),
        "percent": f"{percent:g}",
        "label": label,
    }


@register.inclusion_tag("_components/digest.html")
def digest(value: str) -> dict[str, Any]:
    return {"value": value, "short": value[:8]}


# --- Page parts -------------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def repeat_block(context: template.Context, name: str) -> str:
    """Print a block of the page a second time, so that the title is written once."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return mark_safe(block.render(context).strip())  # noqa: S308 – rendered, so escaped already


@register.inclusion_tag("_components/crumb.html")
def crumb(label: str, url: str = "") -> dict[str, Any]:
    return {"label": label, "url": url}


@register.simple_block_tag
def card(content: str, title: str = "", hint: str = "", url: str = "", action: str = "", css: str = "") -> SafeString:
    """A framed part of the page; `url` and `action` make the link at its head."""
    return _draw("card", content=content, title=title, hint=hint, url=url, action=action, css=css)


@register.simple_block_tag
def alert(content: str, kind: str = "info", title: str = "") -> SafeString:
    """`kind`: info, success, warning or danger."""
    return _draw("alert", content=content, kind=kind, title=title)


@register.inclusion_tag("_components/empty.html")
def empty(sentence: str, url: str = "", action: str = "", icon: str = "inbox") -> dict[str, Any]:
    return {"sentence": sentence, "url": url, "action": action, "icon_name": icon}


@register.inclusion_tag("_components/stat.html")
def stat(number: Any, label: str, url: str = "", state: str = "", hint: str = "") -> dict[str, Any]:
    """A figure with its label, and the list behind it. Whole numbers get separators."""
    return {
        "number": components.counted(number),
        "label": label,
        "url": url,
        "style": style_of(state) if state else None,
        "hint": hint,
    }


@register.simple_block_tag
def decision(content: str, title: str, what: str, follows: str, undo: str) -> SafeString:
    """A decision: `what` exactly is decided, what `follows`, how it can be undone or that it can't."""
    return _draw("decision", content=content, title=title, what=what, follows=follows, undo=undo)


@register.simple_block_tag
def facts(content: str) -> SafeString:
    return _draw("facts", content=content)


@register.inclusion_tag("_components/fact.html")
def fact(label: str, value: Any, url: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "url": url}


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    return _draw("tabs", content=content, label=label)


@register.inclusion_tag("_components/tab.html")
def tab(label: str, url: str, active: bool = False, count: int | None = None) -> dict[str, Any]:
    return {"label": label, "url": url, "active": active, "count": components.counted(count)}


@register.inclusion_tag("_components/side_progress.html")
def side_progress(items: Iterable[Any], label: str) -> dict[str, Any]:
    """The way through a long form. Each item has `label`, `url`, `state` and `current`."""
    return {"items": items, "label": label}


# --- Lists ------------------------------------------------------------------------------------------------


@register.simple_block_tag
def datatable(content: str, label: str, cards: bool = True, css: str = "") -> SafeString:
    """A table that scrolls inside its frame; on a phone its rows become cards (each cell has `data-label`)."""
    return _draw("datatable", content=content, label=label, cards=cards, css=css)


@register.inclusion_tag("_components/filter_bar.html", takes_context=True)
def filter_bar(
    context: RequestContext,
    form: BaseForm,
    count: int | None = None,
    export_url: str = "",
    more: bool = False,
    keep: str = "",
    found: str = "",
) -> dict[str, Any]:
    """The filters of a list. `more`: the count is bounded and there are at least that many.

    `keep` names parameters that are no filters and stay, such as the order. With `found`, the id of what holds the
    list, a change of a filter replaces that and the line with the count at once.
    """
    query = context["request"].GET
    kept = [(name, value) for name in keep.split() for value in query.getlist(name)]
    return {
        "form": form,
        "kept": kept,
        "cleared": urlencode(kept),
        "found": found,
        "path": context["request"].path,
        "chips": components.chips(form, query),
        "count": count,
        "figures": components.counted(count),
        "more": more,
        "export_url": export_url,
        "query": query.urlencode(),
    }


@register.inclusion_tag("_components/pagination.html", takes_context=True)
def pagination(context: RequestContext, page: Any) -> dict[str, Any]:
    """Numbered pages of a django.core.paginator.Page, in the query parameter `page`."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {"page": page, "numbers": list(numbers), "request": context["request"]}


@register.inclusion_tag("_components/keyset.html", takes_context=True)
def keyset(context: RequestContext, cursor: str | None) -> dict[str, Any]:
    """下一页 of a long list, in the query parameter `after`. An empty cursor means the last page."""
    request = context["request"]
    return {"cursor": cursor, "is_first": "after" not in request.GET, "request": request}


@register.inclusion_tag("_components/file_row.html", takes_context=True)
def file_row(
    context: template.Context,
    name: str,
    url: str,
    size: int | None = None,
    digest: str = "",
    at: Any = None,
    by: str = "",
    view_url: str = "",
    kind: str = "",
    version: int = 1,
    stored: Any = None,
    replace_url: str = "",
    withdraw_url: str = "",
    withdraw_target: str = "",
) -> dict[str, Any]:
    """A file as a list item: put it inside `<ul class="files">`. `size` is in bytes.

    The name leads to `view_url`, or to the download at `url`. With `stored`, a StoredFile, it says what the checks
    say, and what did not pass can't be downloaded. With `withdraw_url` it has a button that posts there; the answer
    replaces the content of `withdraw_target`.
    """
    downloads = url if not stored or stored.is_clean else ""
    return {
        "kind": kind,
        "version": version,
        "stored": stored,
        "replace_url": replace_url,
        "withdraw_url": withdraw_url,
        "withdraw_target": withdraw_target,
        "csrf_token": context.get("csrf_token"),
        "name": name,
        "opens": view_url or downloads,
        "downloads": downloads,
        "size": size,
        "digest": digest,
        "at": at,
        "by": by,
        "icon_name": components.file_icon(name),
    }


# --- Forms ------------------------------------------------------------------------------------------------


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A form field's widget in the portal's style, without label, help and errors."""
    return components.control(field)


@register.inclusion_tag("_components/error_summary.html")
def error_summary(*forms: BaseForm) -> dict[str, Any]:
    """What is wrong in one or several forms, each line a link to its field; nothing while all is well."""
    return {"errors": components.errors(forms)}


@register.inclusion_tag("_components/saved.html")
def saved(at: Any = None) -> dict[str, Any]:
    """When a long form was last saved; `static/js/unsaved.js` keeps it true while one types."""
    return {"at": at}


@register.inclusion_tag("_components/upload.html", takes_context=True)
def upload(
    context: RequestContext,
    field: BoundField,
    action: str,
    accept: str = "",
    max_bytes: int | None = None,
    multiple: bool = False,
    endpoint: str = "",
    replaces: Any = "",
    files_url: str = "",
    target: str = "",
    next_url: str = "",
) -> dict[str, Any]:
    """A form of its own that uploads at once. See docs/components.md for what the views answer."""
    return {
        "field": field,
        "action": action,
        "accept": accept,
        "max_bytes": max_bytes,
        "multiple": multiple,
        "endpoint": endpoint,
        "replaces": replaces,
        "files_url": files_url,
        "target": target,
        "next_url": next_url,
        "csrf_token": context["csrf_token"],
    }


# --- Waiting ----------------------------------------------------------------------------------------------


@register.inclusion_tag("_components/steps.html")
def steps(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What is happening: pairs of words and one of done, current, waiting, failed."""
    return {"items": items}


@register.simple_block_tag
def polling(content: str, url: str, seconds: int = 2) -> SafeString:
    """Asks `url` for its own replacement until an answer comes without this tag."""
    return _draw("polling", content=content, url=url, seconds=seconds)
