"""Two versions of the same work side by side: what changed, requirement by requirement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assessments.differences import Change, Piece, differences
from assessments.history import Said
from assessments.signed import SignedFile, SignedRequirement, SignedTask, entries_of
from plan.models import Requirement

Side = tuple[SignedRequirement, dict[str, Any]]  # a requirement as it is shown, and as it was signed


@dataclass(frozen=True)
class Field:
    """What is compared of a requirement; a text by its characters, anything else as a whole."""

    label: Promise | str
    read: Callable[[SignedRequirement, dict[str, Any]], str]
    is_text: bool = False
    only_if_changed: bool = False


@dataclass(frozen=True)
class Version:
    """One side: the content as it is shown, and as it was signed."""

    tasks: list[SignedTask]
    content: dict[str, Any]

    def by_reference(self) -> dict[str, Side]:
        shown = {r.reference: r for task in self.tasks for r in task.requirements}
        return {entry["reference"]: (shown[entry["reference"]], entry) for entry in entries_of(self.content)}


@dataclass(frozen=True)
class Line:
    """A field in both versions. `older` is made of what was kept and removed, `newer` of what was kept and added."""

    label: str
    older: list[Piece]
    newer: list[Piece]

    @property
    def is_changed(self) -> bool:
        return any(piece.change != Change.KEPT for piece in [*self.older, *self.newer])


@dataclass(frozen=True)
class Files:
    """The files of one version; `is_changed` of each: removed since, or added."""

    older: list[tuple[SignedFile, bool]]
    newer: list[tuple[SignedFile, bool]]

    @property
    def is_changed(self) -> bool:
        return any(is_changed for _file, is_changed in [*self.older, *self.newer])


@dataclass(frozen=True)
class Compared:
    """A requirement in both versions; `presence` is "added" or "removed" where only one of them asks it.

    `said` are the remarks on the older version and those up to the newer one, `reply` a draft's answer to them.
    """

    requirement: Requirement
    reference: str
    text: str
    presence: str
    lines: list[Line]
    files: Files
    said: list[Said]
    reply: str

    @property
    def is_changed(self) -> bool:
        return bool(self.presence) or self.files.is_changed or any(line.is_changed for line in self.lines)


@dataclass(frozen=True)
class ComparedTask:
    number: int
    title: str
    requirements: list[Compared]

    @property
    def is_changed(self) -> bool:
        return any(requirement.is_changed for requirement in self.requirements)


def compare(older: Version, newer: Version, said: Mapping[int, list[Said]]) -> list[ComparedTask]:
    """Every requirement that either version asks, by task; `said` holds the remarks between them by requirement id."""
    before, after = older.by_reference(), newer.by_reference()
    titles = {task.number: task.title for version in (older, newer) for task in version.tasks}
    asked = {reference: side[0].requirement for reference, side in [*before.items(), *after.items()]}
    ordered = sorted(asked.values(), key=lambda requirement: (requirement.task.number, requirement.number))
    compared = [_compared(before.get(r.reference), after.get(r.reference), said.get(r.pk, [])) for r in ordered]
    return [
        ComparedTask(number, titles[number], list(group))
        for number, group in groupby(compared, key=lambda one: one.requirement.task.number)
    ]


def _compared(before: Side | None, after: Side | None, said: list[Said]) -> Compared:
    (shown, entry), *_rest = filter(None, [after, before])
    reply = entry.get("reply", "")
    return Compared(
        requirement=shown.requirement,
        reference=shown.reference,
        text=shown.text,
        presence="" if before and after else "added" if after else "removed",
        lines=list(_lines(before, after)),
        files=_files(before[0].files if before else [], after[0].files if after else []),
        said=said,
        reply=reply if all(one.reply != reply for one in said) else "",
    )


def _lines(before: Side | None, after: Side | None) -> Iterator[Line]:
    """The fields that say something in either version. A value is the same or another; a text changes in parts."""
    for one in FIELDS:
        old, new = (one.read(*side) if side else "" for side in (before, after))
        if (not old and not new) or (one.only_if_changed and old == new):
            continue
        pieces = differences(old, new) if one.is_text else _whole(old, new)
        yield Line(
            str(one.label),
            [piece for piece in pieces if piece.change != Change.ADDED],
            [piece for piece in pieces if piece.change != Change.REMOVED],
        )


def _whole(old: str, new: str) -> list[Piece]:
    pieces = [Piece(Change.KEPT, old)] if old == new else [Piece(Change.REMOVED, old), Piece(Change.ADDED, new)]
    return [piece for piece in pieces if piece.text]


def _measure(entry: dict[str, Any], name: str) -> str:
    return str(entry.get("measure", {}).get(name) or "")


FIELDS = (
    Field(_("要求"), lambda shown, entry: entry["text"], is_text=True, only_if_changed=True),
    Field(_("评估结果"), lambda shown, entry: f"{shown.answer} {shown.criterion}".strip()),
    Field(_("说明"), lambda shown, entry: shown.said, is_text=True),
    Field(_("整改措施"), lambda shown, entry: _measure(entry, "text"), is_text=True),
    Field(_("责任人"), lambda shown, entry: _measure(entry, "owner")),
    Field(_("计划完成日期"), lambda shown, entry: _measure(entry, "due_on")),
)


def _files(old: list[SignedFile], new: list[SignedFile]) -> Files:
    """A file is the same when its name and its bytes are."""
    before, after = {_same(file) for file in old}, {_same(file) for file in new}
    return Files(
        [(file, _same(file) not in after) for file in old],
        [(file, _same(file) not in before) for file in new],
    )


def _same(file: SignedFile) -> tuple[str, str]:
    return file.name, file.sha256
