"""Filter fields that lists of several apps share, and what a filter says in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import django_filters as filters
from django import forms
from django.utils.choices import flatten_choices
from django_filters.fields import ModelChoiceField


class LocalChoiceField(ModelChoiceField):
    def label_from_instance(self, row: Any) -> str:
        return getattr(row, "local_name", None) or row.local_title


class LocalChoiceFilter(filters.ModelChoiceFilter):
    """A choice among rows, named in the active language."""

    field_class = LocalChoiceField


def said(field: forms.Field, value: Any) -> list[tuple[str, str]]:
    """What is chosen, in words; with the choice's key where it is one of several."""
    if isinstance(field, forms.MultipleChoiceField) and value:
        return [(str(one), _in_words(field, one)) for one in value]
    words = _in_words(field, value)
    return [("", words)] if words else []


def _in_words(field: forms.Field, value: object) -> str:
    if value is None or value == "" or value is False:
        return ""
    if value is True and not isinstance(field, forms.ChoiceField):
        return str(field.label)
    if isinstance(field, forms.ModelMultipleChoiceField) and isinstance(value, Iterable):
        return "、".join(field.label_from_instance(one) for one in value)
    if isinstance(field, forms.ModelChoiceField):
        return field.label_from_instance(value)
    if isinstance(field, forms.ChoiceField):
        chosen = value if isinstance(value, list | tuple | set) else [value]
        choices: Any = field.choices
        options: Any = flatten_choices(list(choices))  # a lazy iterator cannot be asked for its length
        labels = {str(key): str(label) for key, label in options}
        return "、".join(labels.get(str(one), str(one)) for one in chosen)
    return str(value)
