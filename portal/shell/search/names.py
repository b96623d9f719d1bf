"""What is found by its name or number. A plan holds few rows; of institutions an index answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Case, Q, Value, When
from django.db.models.lookups import Contains
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from plan.models import Plan, Requirement, Task
from portal.accounts.models import INSTITUTION_NAMES, Institution
from portal.bigrams import folded
from portal.shell.search.asked import Asked, Hit, Rank
from portal.snippets import marked
from portal.text_search import EDGE, Folded, Names, looked_up, named
from reports.enums import ReportKind
from reports.models import Report
from tasks.models import Assignment

REPORT_NUMBER = re.compile(r"(?:\d{8}-)?([0-9a-f]{8})")


def holds_plainly(words: str, *fields: str) -> Q:
    """Whether a name holds the words, without an index: for tables that stay small."""
    return Q(Contains(Folded(Names(*fields)), words))


def find_tasks(asked: Asked, limit: int) -> list[Hit]:
    """An institution finds its own assignments; a supervisor the plan's tasks, each of which many institutions have."""
    if asked.membership.is_supervising:
        tasks = Task.objects.visible_to(asked.user).filter(_is_task(asked, "")).select_related("plan")
        found = [(task, task.get_absolute_url(), task.plan.local_title) for task in tasks]
    else:
        own = Assignment.objects.visible_to(asked.user, acting=asked.membership).filter(_is_task(asked, "task__"))
        rows = own.select_related("task__plan").order_by("task__plan_id", "task__number")
        found = [(row.task, row.get_absolute_url(), row.task.plan.local_title) for row in rows]
    hits = [
        Hit(
            url,
            marked(f"{task.number} {task.local_title}", asked.words),
            detail,
            rank=_rank(asked.task_number == task.number, asked.words, task.title, task.title_en),
        )
        for task, url, detail in found
    ]
    return _best(hits, limit)


def _is_task(asked: Asked, path: str) -> Q:
    by_name = holds_plainly(asked.words, f"{path}title", f"{path}title_en")
    return by_name if asked.task_number is None else by_name | Q(**{f"{path}number": asked.task_number})


def find_requirements(asked: Asked, limit: int) -> list[Hit]:
    """In the institution's own assignment where it has one, else in the plan."""
    wanted = holds_plainly(asked.words, "text", "text_en")
    if asked.reference:
        task, number = asked.reference
        wanted |= Q(task__number=task, number=number)
    rows = list(Requirement.objects.visible_to(asked.user).filter(wanted).select_related("task__plan"))
    own = {} if asked.membership.is_supervising else _own_assignments(asked, rows)
    hits = [
        Hit(
            f"{own[row.task_id].get_absolute_url()}#requirement-{row.pk}"
            if row.task_id in own
            else f"{row.task.plan.get_absolute_url()}#requirement-{row.reference}",
            marked(f"{row.reference} {row.local_text}", asked.words),
            f"{row.task.number} {row.task.local_title}",
            rank=_rank(asked.reference == (row.task.number, row.number), asked.words, row.text, row.text_en),
        )
        for row in rows
    ]
    return _best(hits, limit)


def _own_assignments(asked: Asked, rows: Iterable[Requirement]) -> dict[int, Assignment]:
    own = Assignment.objects.visible_to(asked.user, acting=asked.membership)
    return {assignment.task_id: assignment for assignment in own.filter(task__in={row.task_id for row in rows})}


def find_institutions(asked: Asked, limit: int) -> list[Hit]:
    """Names that are the words, or begin with them, stand before those that only hold them.

    A number as short as a task's is not looked for: it would be in every code.
    """
    if not asked.membership.is_supervising or asked.task_number is not None:
        return []
    said, whole, beginning = Names(*INSTITUTION_NAMES), f"{EDGE}{asked.words}{EDGE}", f"{EDGE}{asked.words}"
    in_scope = Institution.objects.visible_to(asked.user, acting=asked.membership)
    found = looked_up(in_scope, *(named(said, words) for words in (whole, beginning, asked.words)))
    rank = Case(
        When(Contains(Folded(said), whole), then=Value(Rank.WHOLE)),
        When(Contains(Folded(said), beginning), then=Value(Rank.BEGINNING)),
        default=Value(Rank.WITHIN),
    )
    rows = found.annotate(rank=rank).select_related("region").order_by("rank", "name", "pk")
    return [
        Hit(
            row.get_absolute_url(),
            marked(row.local_name, asked.words),
            " · ".join(filter(None, [row.short_name, row.region.local_name, row.credit_code])),
            rank=Rank(row.rank),
        )
        for row in rows[:limit]
    ]


def find_plans(asked: Asked, limit: int) -> list[Hit]:
    found = Plan.objects.visible_to(asked.user).filter(
        holds_plainly(asked.words, "title", "title_en", "issuer", "issuer_en")
    )
    hits = [
        Hit(
            plan.get_absolute_url(),
            marked(plan.local_title, asked.words),
            plan.local_issuer,
            rank=Rank.of(asked.words, plan.title, plan.title_en),
        )
        for plan in found
    ]
    return _best(hits, limit)


def find_reports(asked: Asked, limit: int) -> list[Hit]:
    """By number, by kind, by the plan it is about or by the title that it was given; the newest first.

    Members of a batch by number only.
    """
    names = ("plan__title", "plan__title_en", "composition__title")
    wanted = Q(kind__in=_kinds(asked.words)) | holds_plainly(asked.words, *names)
    wanted &= Q(batch=None)
    number = REPORT_NUMBER.fullmatch(asked.words)
    if number:
        wanted |= Q(pk__range=(UUID(number[1].ljust(32, "0")), UUID(number[1].ljust(32, "f"))))
    rows = Report.objects.visible_to(asked.user, asked.membership).filter(wanted).select_related("composition")
    return [
        Hit(
            report.get_absolute_url(),
            marked(report.title, asked.words),
            _("编号 %(number)s，%(day)s")
            % {"number": report.number, "day": timezone.localdate(report.requested_at).isoformat()},
            rank=_rank(bool(number and report.pk.hex.startswith(number[1])), asked.words),
        )
        for report in rows.order_by("-requested_at", "-pk")[:limit]
    ]


def _kinds(words: str) -> list[ReportKind]:
    found = []
    for kind in ReportKind:
        for language in ("zh-hans", "en"):
            with override(language):
                if words in folded(str(kind.label)):
                    found.append(kind)
    return found


def _rank(is_it: bool, words: str, *named_so: str) -> Rank:
    return Rank.WHOLE if is_it else Rank.of(words, *named_so)


def _best(hits: list[Hit], limit: int) -> list[Hit]:
    return sorted(hits, key=lambda hit: hit.rank)[:limit]
