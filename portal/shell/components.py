"""What the component tags of `templatetags/ui.py` compute."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.filters import said

FILE_ICONS = {
    "pdf": "file-type-pdf",
    "doc": "file-type-doc",
    "docx": "file-type-docx",
    "xls": "file-type-xls",
    "xlsx": "file-type-xls",
    "ppt": "file-type-ppt",
    "pptx": "file-type-ppt",
    "jpg": "photo",
    "jpeg": "photo",
    "png": "photo",
    "zip": "file-zip",
    "txt": "file-text",
    "csv": "file-type-csv",
}


@cache
def _icon_paths(name: str) -> str:
    """The drawing inside an icon's file, without its frame, blank lines and invisible first path."""
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"Not an icon's name: {name!r}")
    svg = (Path(settings.ICON_DIR) / "outline" / f"{name}.svg").read_text(encoding="utf-8")
    inner = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    paths = [line.strip() for line in inner.splitlines() if line.strip()]
    return "".join(path for path in paths if "M0 0h24v24H0z" not in path)


def icon(name: str, css: str = "") -> SafeString:
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        css,
        mark_safe(_icon_paths(name)),  # noqa: S308 – a file of the icon package
    )


def counted(number: Any) -> Any:
    """A whole number with separators; anything else as it is."""
    return f"{number:,}" if isinstance(number, int) else number


def file_icon(name: str) -> str:
    return FILE_ICONS.get(name.rpartition(".")[2].lower(), "file")


@dataclass(frozen=True)
class Chip:
    """An active filter, and the query that is left without it."""

    label: str
    value: str
    query: str


def chips(form: BaseForm, query: QueryDict) -> list[Chip]:
    """The filters in force, one for each of several choices; one that makes no sense is none, and leaves the others
    as they are.
    """
    if not form.is_bound:
        return []
    form.is_valid()
    return [
        Chip(str(form[name].label), words, _without(query, form[name].html_name, key))
        for name, field in form.fields.items()
        if form[name].html_name in query
        for key, words in said(field, form.cleaned_data.get(name))
    ]


def _without(query: QueryDict, name: str, key: str) -> str:
    rest = query.copy()
    others = [value for value in rest.pop(name, []) if key and value != key]
    for other in ("page", "after"):
        rest.pop(other, None)
    if others:
        rest.setlist(name, others)
    return rest.urlencode()


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.Select):
        return "form-select"
    return "form-control"


def control(field: BoundField) -> SafeString:
    widget = field.field.widget
    invalid = "is-invalid" if field.errors else ""
    css = " ".join(filter(None, [_css_class(widget), invalid, widget.attrs.get("class", "")]))
    return field.as_widget(attrs={"class": css})


@dataclass(frozen=True)
class FieldError:
    label: str
    message: str
    target: str


def errors(faulty: Iterable[BaseForm]) -> list[FieldError]:
    found = []
    for form in faulty:
        for name, messages in form.errors.items():
            field = form[name] if name in form.fields and name != NON_FIELD_ERRORS else None
            found += [
                FieldError(str(field.label) if field else "", str(message), _target(field) if field else "")
                for message in messages
            ]
    return found


def _target(field: BoundField) -> str:
    return field.id_for_label or field.auto_id
