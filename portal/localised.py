"""Data in two languages: `title` holds the Chinese source text, `title_en` its English translation."""

from django.db import models
from django.utils.translation import get_language


class Localised:
    """Read `field` in the active language: in English its `_en` column where that is filled, else the source.

    A missing translation shows the Chinese text, because an official text must never look empty.
    """

    def __init__(self, field: str) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None):
        if instance is None:
            return self
        text = getattr(instance, self.field)
        if (get_language() or "").startswith("en"):
            return getattr(instance, f"{self.field}_en") or text
        return text
