"""Pack a batch: each report under its institution's name, and a manifest that tells of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from portal.attempts import check_mine
from portal.audit.canonical import canonical_json
from reports.batches.members import narrowed_in_words, why_unmade
from reports.enums import ReportState
from reports.models import Report
from reports.packages.archive import Archive, measure
from reports.packages.names import safe_name
from reports.permissions import membership_for
from reports.sheets import Column, write_notes, write_sheet
from vault.places import CHUNK_BYTES

FORMAT = "compliance-supervision-portal/batch/1"
AT_ONCE = 500


def write_batch(batch: Report, file: IO[bytes]) -> None:
    """The zip into `file`, in the active language. A report that is not there, or not as issued, stops no other.

    Raises PermissionDenied when the person who asked has lost the role meanwhile.
    """
    if membership_for(batch.requested_by, batch) is None:
        raise PermissionDenied
    with Archive(file, timezone.localtime(batch.requested_at)) as archive:
        items = [_item(batch, archive, member) for member in _members(batch).iterator(AT_ONCE)]
        archive.add_bytes("manifest.json", canonical_json(_manifest(batch, items)))
        with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as sheet:
            _write_sheet(batch, items, sheet)
            size, _digests = measure(sheet)
            archive.add("manifest.xlsx", _pieces(sheet), size, is_stored=True)


def _members(batch: Report) -> QuerySet[Report]:
    return batch.members.select_related("institution").order_by("institution__name", "pk")


def _item(batch: Report, archive: Archive, member: Report) -> dict[str, Any]:
    """Put the report into the zip, and say what is there or why nothing is."""
    check_mine(batch)
    institution = member.institution
    item = {
        "institution": institution.local_name,
        "credit_code": institution.credit_code,
        "report": member.number,
        "state": member.state,
        "path": None,
        "code": None,
        "sha256": None,
        "sm3": None,
        "size": None,
        "reason": None,
    }
    reason = _pack(archive, member, path := _path(member)) if member.state == ReportState.DONE else why_unmade(member)
    if reason:
        return item | {"reason": reason}
    issued = {"code": member.shown_code, "sha256": member.sha256, "sm3": member.sm3, "size": member.size}
    return item | issued | {"path": path}


def _path(member: Report) -> str:
    """The credit code in front tells institutions of one name apart, however much of a long name is cut."""
    return f"reports/{member.institution.credit_code}-{safe_name(f'{member.institution.local_name}.pdf')}"


def _pack(archive: Archive, member: Report, path: str) -> str:
    """Returns why it could not be packed. It is read twice, so that nothing but what was issued goes in."""
    try:
        with member.file.open("rb") as file:
            size, digest = measure(file)
            if digest != (member.sha256, member.sm3):
                return _("文件与登记的摘要不符")
            archive.add(path, _pieces(file), size, is_stored=True)
    except FileNotFoundError:
        return _("存储中缺失")
    return ""


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(CHUNK_BYTES):
        yield piece


def _manifest(batch: Report, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "batch": batch.number,
        "authority": batch.authority.local_name,
        "plan": {"code": batch.plan.slug, "title": batch.plan.local_title},
        "scope": narrowed_in_words(batch),
        "language": batch.language,
        "day": batch.day,
        "requested_at": batch.requested_at,
        "reports": items,
    }


def _write_sheet(batch: Report, items: list[dict[str, Any]], file: IO[bytes]) -> None:
    book = Workbook(write_only=True)
    packed = sum(item["path"] is not None for item in items)
    notes = [
        (str(batch.get_kind_display()), batch.number),
        (_("监管单位"), batch.authority.local_name),
        (_("计划"), batch.plan.local_title),
        (_("范围"), narrowed_in_words(batch)),
        (_("已装入的报告"), packed),
        (_("未生成的报告"), len(items) - packed),
        (_("申请人"), batch.requested_by.name),
    ]
    write_notes(book, notes)
    keys = ("institution", "credit_code", "report", "path", "reason", "code", "size", "sha256", "sm3")
    write_sheet(book, _("报告清单"), _columns(), ([item[key] for key in keys] for item in items))
    book.save(file)


def _columns() -> list[Column]:
    return [
        (_("机构名称"), 40),
        (_("统一社会信用代码"), 22),
        (_("报告编号"), 20),
        (_("文件"), 60),
        (_("未生成的原因"), 30),
        (_("验证码"), 18),
        (_("字节数"), 12),
        ("SHA-256", 66),
        ("SM3", 66),
    ]
