"""How far messages reached: of those told, who has read it, whom it was sent to, and where that failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Value
from django.db.models.functions import Cast

from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.models import UrgedInstitution, Urging


@dataclass(frozen=True)
class Reach:
    """`failed`: sent on no channel, and on none still to be. Read counts apart, since the inbox has every notice."""

    told: int = 0
    sent: int = 0
    read: int = 0
    failed: int = 0


def of_messages(urgings: Iterable[Urging]) -> dict[int, Reach]:
    prefixes = [Q(key__startswith=f"urging:{urging.pk}:") for urging in urgings]
    return _reach(reduce(or_, prefixes), part=2) if prefixes else {}


def of_institutions(urged: Sequence[UrgedInstitution]) -> dict[int, Reach]:
    """By the id of the row; all of them are of one message."""
    by_institution = _reach(Q(key__in=[row.key for row in urged]), part=3)
    return {row.pk: by_institution[row.institution_id] for row in urged}


def _reach(condition: Q, *, part: int) -> dict[int, Reach]:
    """By a number in the notices' key: the message's comes second, the institution's third."""
    number = Cast(Func(F("key"), Value(":"), Value(part), function="split_part"), BigIntegerField())
    notices: QuerySet[Any] = Notice.objects.filter(condition, kind=NoticeKind.URGED).order_by().with_reach()
    rows = notices.annotate(number=number).values("number")
    counted = rows.annotate(
        told=Count("pk"),
        sent=Count("pk", filter=Q(is_sent=True)),
        read=Count("pk", filter=Q(read_at__isnull=False)),
        failed=Count("pk", filter=Q(is_failed=True, is_sent=False, is_pending=False)),
    )
    return defaultdict(Reach, {row.pop("number"): Reach(**row) for row in counted})
