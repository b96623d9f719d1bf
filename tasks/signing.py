"""What a signing page showed, requirement by requirement, and what is another by the time it is signed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.audit.canonical import canonical_json, digests

# So many hexadecimal digits tell two contents of one requirement apart; the signature itself takes the whole digest.
SHOWN_DIGITS = 12
SHOWN = re.compile(rf"(\d+\.\d+):([0-9a-f]{{{SHOWN_DIGITS}}})")


class ContentChanged(ValidationError):
    """What was read is no longer what would be signed. `references` are the requirements that differ, in order."""

    def __init__(self, references: list[str]) -> None:
        if references:
            message = _("您阅读之后，下列要求的内容或材料已有变化，未签署：%(references)s。请重新核对后再签署。") % {
                "references": "、".join(references)
            }
        else:
            message = _("您阅读之后内容已有变化，未签署。请重新核对后再签署。")
        super().__init__(message, code="changed")
        self.references = references


def shown_digests(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A short digest of each requirement's entry in a content, by reference."""
    return {entry["reference"]: digests(canonical_json(entry)).sha256[:SHOWN_DIGITS] for entry in entries}


def as_field(shown: Mapping[str, str]) -> str:
    """The digests as one hidden field of the signing page."""
    return " ".join(f"{reference}:{digest}" for reference, digest in shown.items())


def from_field(text: str) -> dict[str, str]:
    """The digests that came back; whatever cannot be read counts as not shown."""
    return dict(SHOWN.findall(text))


def changed_since(shown: Mapping[str, str], entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The references whose entry differs from what was shown, in the plan's order; those no longer asked, too.

    Empty when nothing was shown: then nobody can say what changed.
    """
    now = shown_digests(entries) if shown else {}
    differing = {reference for reference in {*now, *shown} if now.get(reference) != shown.get(reference)}
    return sorted(differing, key=lambda reference: [int(part) for part in reference.split(".")])
