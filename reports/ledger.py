"""报送台账: who submitted what when, for a supervisor's scope, as a spreadsheet.

Rows go from the database to the file one by one, and what openpyxl keeps in memory is each different text once, so
that a ledger of 25,000 institutions needs little more than one of 25.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from openpyxl import Workbook

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import SelfAssessment
from plan.enums import Part
from portal.accounts.enums import InstitutionKind
from reports.documents import one_moment
from reports.models import Report
from reports.permissions import membership_for
from reports.sheets import Column, moment, save, write_notes, write_sheet
from reports.workbook import demo_note, scope_in_words
from tasks.enums import CLOSED, AssignmentState
from tasks.models import Assignment

ROWS_AT_ONCE = 2000

# Where a row of the database begins: the institution, the same for both sheets.
INSTITUTION = ("name", "name_en", "credit_code", "kind", "region__name", "region__name_en")
REVIEW = ("created_at", "verdict", "authority__name", "authority__name_en")


def write_ledger(report: Report, file: IO[bytes]) -> None:
    """The workbook in the active language, over what its reader may see now, from one moment.

    Raises PermissionDenied when the person who asked has lost the role meanwhile.
    """
    membership = membership_for(report.requested_by, report)
    if membership is None:
        raise PermissionDenied
    now = timezone.localtime()
    book = Workbook(write_only=True)
    with one_moment():
        _write_notes(book, report, now)
        assignments = Assignment.objects.visible_to(report.requested_by, acting=membership)
        rows = assignments.filter(task__plan=report.plan)
        write_sheet(book, _("任务报送"), _submission_columns(), _submissions(rows, now.date()))
        rounds = SelfAssessment.objects.supervised_by(report.requested_by, acting=membership)
        versions = rounds.filter(cycle__plan=report.plan)
        write_sheet(book, _("自评"), _self_assessment_columns(), _self_assessments(versions, now.date()))
        save(book, file, now)


def _institution_columns() -> list[Column]:
    """Heads in the active language, and widths in characters."""
    return [(_("机构"), 32), (_("统一社会信用代码"), 22), (_("机构类别"), 14), (_("地区"), 10)]


def _review_columns() -> list[Column]:
    return [(_("审核时间"), 18), (_("审核结论"), 10), (_("审核单位"), 26)]


def _signature_columns() -> list[Column]:
    return [(_("签署人"), 12), (_("签署时间"), 18), (_("逾期天数"), 10)]


def _submission_columns() -> list[Column]:
    return [
        *_institution_columns(),
        (_("任务编号"), 10),
        (_("任务"), 40),
        (_("分工"), 10),
        (_("完成期限"), 12),
        (_("状态"), 10),
        (_("报送版本"), 10),
        *_signature_columns(),
        *_review_columns(),
    ]


def _self_assessment_columns() -> list[Column]:
    return [
        *_institution_columns(),
        (_("自评周期"), 28),
        (_("截止日期"), 12),
        (_("版本"), 8),
        (_("状态"), 10),
        *_signature_columns(),
        *_review_columns(),
    ]


def _submissions(rows: Any, today: datetime.date) -> Iterator[list[Any]]:
    """One row for each version that was signed, or one for work of which nothing was."""
    local, said = _localised(), _words(AssignmentState, Verdict, Part, InstitutionKind)
    found = rows.order_by("institution__name", "institution_id", "task__number", "submissions__number").values_list(
        *(f"institution__{name}" for name in INSTITUTION),
        *("task__number", "task__title", "task__title_en", "part", "deadline", "state"),
        *("submissions__number", "submissions__signed_by__name", "submissions__signed_at"),
        *(f"submissions__review__{name}" for name in REVIEW),
    )
    for row in found.iterator(ROWS_AT_ONCE):
        name, name_en, code, kind, region, region_en, number, title, title_en, part, due, state, *signed = row
        version, signer, signed_at, reviewed_at, verdict, authority, authority_en = signed
        is_over = version is None and state in CLOSED
        yield [
            local(name, name_en),
            code,
            said[kind],
            local(region, region_en),
            number,
            local(title, title_en),
            said[part],
            due,
            said[state],
            version,
            signer,
            moment(signed_at),
            None if is_over else _days_late(due, signed_at, today),
            moment(reviewed_at),
            verdict and said[f"verdict:{verdict}"],
            local(authority, authority_en),
        ]


def _self_assessments(rows: Any, today: datetime.date) -> Iterator[list[Any]]:
    """One row for each version. Of one that is not signed, its state is all that is told."""
    local, said = _localised(), _words(SelfAssessmentState, Verdict, InstitutionKind)
    found = rows.order_by("institution__name", "institution_id", "cycle__due_on", "cycle_id", "version").values_list(
        *(f"institution__{name}" for name in INSTITUTION),
        *("cycle__title", "cycle__title_en", "cycle__due_on", "version", "state", "signed_by__name", "signed_at"),
        *(f"review__{name}" for name in REVIEW),
    )
    for row in found.iterator(ROWS_AT_ONCE):
        name, name_en, code, kind, region, region_en, title, title_en, due, version, state, *signed = row
        signer, signed_at, reviewed_at, verdict, authority, authority_en = signed
        yield [
            local(name, name_en),
            code,
            said[kind],
            local(region, region_en),
            local(title, title_en),
            due,
            version,
            said[state],
            signer,
            moment(signed_at),
            _days_late(due, signed_at, today),
            moment(reviewed_at),
            verdict and said[f"verdict:{verdict}"],
            local(authority, authority_en),
        ]


def _write_notes(book: Workbook, report: Report, now: datetime.datetime) -> None:
    plan = report.plan
    lines = [
        (report.get_kind_display(), report.number),
        (_("监管单位"), report.authority.local_name),
        (_("范围"), scope_in_words(report.authority)),
        (_("计划"), plan.local_title),
        (_("数据时间"), moment(now)),
        (_("申请人"), report.requested_by.name),
    ]
    if plan.shift_years:
        lines.append(demo_note())
    lines += [
        (_("行"), _("每次签署报送一行；尚未报送的任务一行，版本和签署各列为空。未签署的自评只列状态。")),
        (
            _("逾期天数"),
            _(
                "签署日期晚于期限的天数，按时签署为 0；尚未签署的为截至数据时间已逾期的天数。"
                "期限为现行期限，已计入同意的延期。"
            ),
        ),
    ]
    write_notes(book, lines)


def _words(*kinds: Any) -> dict[str, str]:
    """What stored values are called in the active language; a verdict's words are the act, so it has its own key."""
    return {
        (f"verdict:{value}" if kind is Verdict else value): str(label)
        for kind in kinds
        for value, label in kind.choices
    }


def _localised() -> Callable[[str | None, str | None], str | None]:
    is_english = (get_language() or "").startswith("en")
    return lambda name, english: (is_english and english) or name


def _days_late(due: datetime.date, signed_at: datetime.datetime | None, today: datetime.date) -> int:
    return max(0, ((timezone.localdate(signed_at) if signed_at else today) - due).days)
