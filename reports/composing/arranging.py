"""What a composition makes of the contents of its kind: which sections, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reports.contents.kinds import CONTENTS
from reports.contents.section import Contents, Section
from reports.enums import ReportKind
from reports.models import Composition


def offered(contents: Contents) -> tuple[Section, ...]:
    """All that a composition may print, in their usual order."""
    return (*contents.sections, *contents.composed_only)


def titles_of(composition: Composition) -> dict[str, str]:
    """The heading of every section that it may print, by key."""
    return {section.key: str(section.title) for section in offered(CONTENTS[ReportKind(composition.kind)])}


def arranged(contents: Contents, composition: Composition | None) -> Iterable[Section]:
    """The chosen sections in the chosen order; without a composition those of the kind. What is no more is left out."""
    if composition is None:
        return contents.sections
    by_key = {section.key: section for section in offered(contents)}
    return [by_key[key] for key in composition.sections if key in by_key]


def as_data(composition: Composition | None) -> dict[str, Any]:
    """What people wrote and decided, beside the figures; of a draft, nothing of who approved it."""
    if composition is None:
        return {}
    return {
        "composition": {
            "title": composition.title,
            "starts_on": composition.starts_on,
            "sections": composition.sections,
            "opening": composition.opening,
            "texts": {key: text for key, text in composition.texts.items() if key in composition.sections},
        }
    }
