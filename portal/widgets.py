"""Form controls that any app may use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.urls import reverse


class SearchSelect(forms.Select):
    """A choice among very many rows: one types, the server answers with the rows that match.

    `options_url` is the name of a URL that answers `?q=` with `_components/options.html`. Only the chosen row
    is ever read from the field's queryset here, never all of them.
    """

    template_name = "django/forms/widgets/search_select.html"
    choices: ModelChoiceIterator

    def __init__(self, options_url: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.options_url = options_url

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = forms.Widget.get_context(self, name, value, attrs)
        context["widget"] |= {"url": reverse(self.options_url), "chosen": self._label(value)}
        return context

    def _label(self, value: Any) -> str:
        choices: Any = self.choices
        if value in choices.field.empty_values:
            return ""
        try:
            return choices.field.label_from_instance(choices.field.to_python(value))
        except forms.ValidationError:
            return ""

    def use_required_attribute(self, initial: Any) -> bool:
        """As any text input: a select would read its first row to decide."""
        return forms.Widget.use_required_attribute(self, initial)


class CheckMenu(forms.CheckboxSelectMultiple):
    """Several of some dozens of choices, in a menu that says what is chosen while it is closed."""

    template_name = "django/forms/widgets/check_menu.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        options = [option for _group, options, _index in context["widget"]["optgroups"] for option in options]
        chosen = [str(option["label"]) for option in options if option["selected"]]
        context["widget"] |= {"options": options, "chosen": chosen}
        return context
