"""Which assignments move from which day to which, which of those asked for do not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, CharField, Count, Exists, F, Func, Max, OuterRef, Q, TextChoices, Value, When
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Authority, Membership, User
from portal.notices.enums import DayUnit
from portal.working_days import is_estimated
from tasks.enums import CLOSED, RequestKind
from tasks.extending.terms import Term
from tasks.models import Assignment, ChangeRequest
from tasks.querysets import AssignmentQuerySet
from tasks.selecting import Reader, narrowed, query_of

SHOWN = 50

DIGEST = """
    SELECT count(*), count(DISTINCT institution),
        encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
    FROM ({moves}) AS moved(line, institution)
"""


class LeftOut(TextChoices):
    """Why a deadline that was asked for does not move; the first that holds."""

    OWN = "own", _("属于您所在的机构，不能由您延期")
    CLOSED = "closed", _("已验收或不适用")
    PENDING = "pending", _("有待审批的延期申请，由申请的审批决定")
    NOT_LATER = "not_later", _("现在的期限已不早于所选日期")
    STILL_PAST = "still_past", _("延后的日期仍已过去")


class _Written(Func):
    """A day as the digest has it, whatever the connection's style of dates."""

    function = "to_char"
    template = "%(function)s(%(expressions)s, 'YYYY-MM-DD')"
    output_field = CharField()


@dataclass(frozen=True)
class Preview:
    """`sha256` is the digest of all moves, one line each: who confirms it has seen exactly these.

    `beyond_plan` counts moves past the plan's end; `is_estimated`: some count working days of a year whose holidays are
    not known yet.
    """

    assignments: int
    institutions: int
    sha256: str
    rows: list[Assignment]
    left_out: list[tuple[str, int]]
    beyond_plan: int
    is_estimated: bool

    @property
    def more(self) -> int:
        return self.assignments - len(self.rows)


@dataclass(frozen=True)
class Choice:
    """What `filters` select among what `by` sees in that membership."""

    by: User
    membership: Membership
    term: Term
    filters: dict[str, list[str]]

    @property
    def authority(self) -> Authority | None:
        return self.membership.authority

    @property
    def chosen(self) -> AssignmentQuerySet:
        scope = Assignment.objects.visible_to(self.by, acting=self.membership)
        return narrowed(Reader(self.by, self.membership), query_of(self.filters), scope)

    @cached_property
    def asked_for(self) -> AssignmentQuerySet:
        """With `extended_to`, the day it would move to, and `left_out`: empty, or why it does not move."""
        own = [m.institution_id for m in self.by.active_memberships if m.institution_id]
        requests = ChangeRequest.objects.pending().filter(assignment=OuterRef("pk"), kind=RequestKind.EXTENSION)
        rows = self.chosen.order_by().annotate(extended_to=self.term.new_deadline())
        return rows.annotate(
            left_out=Case(
                When(institution__in=own, then=Value(LeftOut.OWN)),
                When(state__in=CLOSED, then=Value(LeftOut.CLOSED)),
                When(Exists(requests), then=Value(LeftOut.PENDING)),
                When(extended_to__lte=F("deadline"), then=Value(LeftOut.NOT_LATER)),
                When(extended_to__lt=timezone.localdate(), then=Value(LeftOut.STILL_PAST)),
                default=Value(""),
                output_field=CharField(),
            )
        )

    @property
    def moves(self) -> AssignmentQuerySet:
        return self.asked_for.filter(left_out="", extended_to__isnull=False)

    def digest(self) -> tuple[int, int, str]:
        """How many move, of how many institutions, and the digest of all moves."""
        space = Value(" ")
        line = Concat("pk", space, _Written(F("deadline")), space, _Written(F("extended_to")), output_field=CharField())
        try:
            moves, parameters = self.moves.values_list(line, "institution").query.sql_with_params()
        except EmptyResultSet:
            return 0, 0, ""
        with connection.cursor() as cursor:
            cursor.execute(DIGEST.format(moves=moves), parameters)
            return cursor.fetchone()

    def preview(self) -> Preview:
        assignments, institutions, sha256 = self.digest()
        counted = dict(self.asked_for.values_list("left_out").annotate(Count("pk")))
        rows = self.moves.select_related("task", "institution").order_by("deadline", "pk")[:SHOWN]
        ends = self.moves.aggregate(
            last=Max("extended_to"), beyond=Count("pk", filter=Q(extended_to__gt=F("task__plan__ends_on")))
        )
        return Preview(
            assignments=assignments,
            institutions=institutions,
            sha256=sha256,
            rows=list(rows),
            left_out=[(str(why.label), counted[why]) for why in LeftOut if counted.get(why)],
            beyond_plan=ends["beyond"],
            is_estimated=self.term.unit == DayUnit.WORKING and bool(ends["last"]) and is_estimated(ends["last"]),
        )
