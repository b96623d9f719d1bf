"""The files that were signed with the answers, with the digests by which they are known."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.signed import entries_of
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet


class Attached(NamedTuple):
    """A file as it was signed, its number in the index, and the requirements it proves."""

    number: int
    name: str
    size: int
    sha256: str
    sm3: str
    references: list[str]


def index_of(content: dict[str, Any]) -> dict[str, Attached]:
    """The files of a signed content by id, in the order in which answers name them."""
    found: dict[str, Attached] = {}
    for entry in entries_of(content):
        for file in entry["evidence"]:
            number, sm3 = len(found) + 1, file.get("sm3", "")
            new = Attached(number, file["name"], file["size"], file["sha256"], sm3, [])
            found.setdefault(str(file["id"]), new).references.append(entry["reference"])
    return found


def _evidence(asked: Asked) -> Context:
    signed = asked.signed
    return {"signed": signed, "files": list(index_of(signed.content or {"tasks": []}).values())}


def _evidence_data(context: Context) -> dict[str, Any]:
    return {"evidence": [file._asdict() for file in context["files"]]}


def _evidence_sheet(context: Context) -> list[Sheet]:
    columns = [(_("序号"), 8), (_("文件名"), 60), (_("字节数"), 14), (_("对应要求"), 20), ("SHA-256", 68), ("SM3", 68)]
    rows = (
        [file.number, file.name, file.size, _("、").join(file.references), file.sha256, file.sm3]
        for file in context["files"]
    )
    return [Sheet(_("材料目录"), columns, rows)]


EVIDENCE = Section(
    key="evidence",
    title=gettext_lazy("材料目录与摘要值"),
    template="reports/pdf/sections/evidence.html",
    read=_evidence,
    data=_evidence_data,
    sheets=_evidence_sheet,
)
