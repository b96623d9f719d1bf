"""How things to be put right stood at the end of a day, told from the steps of each."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, CharField, Count, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification, RectificationStep
from assessments.querysets import RectificationQuerySet
from portal.days import end_of

S = RectificationState

RECTIFICATION_RULE = _("已逾期：整改期限已过而机构尚未提交整改结果；待核验的不计。不针对具体要求或审核的整改一并计入。")
# The state that each step leads to; moving a deadline leaves the state as it is.
LEADS_TO: Mapping[StepKind, RectificationState] = {
    StepKind.OPENED: S.OPEN,
    StepKind.ANSWERED: S.UNVERIFIED,
    StepKind.REOPENED: S.OPEN,
    StepKind.CLOSED: S.CLOSED,
}


class LateRectification(NamedTuple):
    """With the deadline of that day, and by how many days it was late."""

    rectification: Rectification
    deadline: datetime.date
    days: int


@dataclass(frozen=True)
class Rectifications:
    """`overdue` are among the open ones; `late` are the first of them, the longest overdue first."""

    open: int
    overdue: int
    unverified: int
    closed: int
    late: list[LateRectification]

    @property
    def total(self) -> int:
        return self.open + self.unverified + self.closed


def rectifications(rows: RectificationQuerySet, *, day: datetime.date, limit: int) -> Rectifications:
    """Of those opened by the end of the day, in two queries."""
    steps = RectificationStep.objects.filter(rectification=OuterRef("pk"), at__lt=end_of(day)).order_by("-at", "-pk")
    led = steps.exclude(kind=StepKind.RESCHEDULED).values("kind")[:1]
    known = rows.filter(opened_at__lt=end_of(day)).annotate(
        last=Subquery(led), known_deadline=Subquery(steps.values("deadline")[:1])
    )
    states = [When(last=kind, then=Value(state.value)) for kind, state in LEADS_TO.items()]
    stood = known.annotate(stood=Case(*states, default=Value(S.OPEN.value), output_field=CharField()))
    is_open, is_late = Q(stood=S.OPEN), Q(stood=S.OPEN, known_deadline__lt=day)
    counted = stood.order_by().aggregate(
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_late),
        unverified=Count("pk", filter=Q(stood=S.UNVERIFIED)),
        closed=Count("pk", filter=Q(stood=S.CLOSED)),
    )
    late = stood.filter(is_late).select_related("institution__region").order_by("known_deadline", "pk")[:limit]
    return Rectifications(
        **counted,
        late=[LateRectification(row, row.known_deadline, (day - row.known_deadline).days) for row in late],
    )
