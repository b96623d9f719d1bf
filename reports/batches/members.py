"""The members of a batch: how they come about, and how far they are."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.postgres.functions import RandomUUID
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution, Membership, Region, User
from portal.accounts.querysets import SUPERVISE, has_permission_on
from portal.bulk import insert_select
from reports.enums import ReportKind, ReportState
from reports.models import Report
from reports.querysets import ReportQuerySet
from tasks.models import Assignment

FAILURES_SHOWN = 20
UNMADE = (ReportState.FAILED, ReportState.CANCELLED)


class Tally(NamedTuple):
    """How many members there are, and in which state."""

    total: int
    done: int
    failed: int
    cancelled: int

    @property
    def over(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def unmade(self) -> int:
        return self.failed + self.cancelled


def narrowed(kind: str, region: Region | None) -> str:
    """How the scope of a batch is narrowed, as its `query`."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in (("kind", kind), ("region", region and region.code)) if value})
    return query.urlencode()


def narrowed_in_words(batch: Report) -> str:
    query = QueryDict(batch.query)
    kind, region = query.get("kind"), Region.objects.filter(code=query.get("region")).first()
    words = [str(InstitutionKind(kind).label) if kind else "", region.local_name if region else ""]
    return " · ".join(filter(None, words)) or _("监管范围内全部机构")


def institutions_of(batch: Report, membership: Membership) -> QuerySet[Institution]:
    """Those in scope that have anything to do under the plan."""
    query = QueryDict(batch.query)
    rows = Institution.objects.visible_to(batch.requested_by, acting=membership)
    if kind := query.get("kind"):
        rows = rows.filter(kind=kind)
    if region := query.get("region"):
        rows = rows.filter(region__code=region)
    return rows.filter(Exists(Assignment.objects.filter(institution=OuterRef("pk"), task__plan=batch.plan_id)))


def insert_members(batch: Report, institutions: QuerySet[Institution]) -> int:
    """A report on each institution, all in one statement; returns how many."""
    like = Report(
        kind=ReportKind.STATUS,
        plan=batch.plan,
        authority=batch.authority,
        batch=batch,
        day=batch.day,
        language=batch.language,
        requested_by=batch.requested_by,
        requested_at=batch.requested_at,
    )
    values: dict[str, Any] = {"id": RandomUUID(), "institution": F("pk")}
    for field in Report._meta.concrete_fields:
        value = field.get_prep_value(getattr(like, field.attname))
        if value is not None and field.name not in values:
            values[field.name] = Value(value, output_field=field)
    rows = institutions.order_by("name", "pk").annotate(**{f"of_{name}": value for name, value in values.items()})
    return insert_select(Report, list(values), rows.values_list(*(f"of_{name}" for name in values)))


def tally(batch: Report) -> Tally:
    states = dict(batch.members.order_by().values_list("state").annotate(Count("pk")))
    counts = [states.get(state, 0) for state in (ReportState.DONE, ReportState.FAILED, ReportState.CANCELLED)]
    return Tally(sum(states.values()), *counts)


def unmade(batch: Report, user: User, acting: Membership) -> ReportQuerySet:
    """Failed and cancelled ones, those of institutions that left the scope among them: `is_in_scope` says so."""
    in_scope = has_permission_on("institution", user, SUPERVISE, acting=acting)
    rows = batch.members.filter(state__in=UNMADE).select_related("institution")
    return rows.annotate(is_in_scope=in_scope).order_by("institution__name", "pk")


def made_or_waiting(rows: ReportQuerySet, batch: Report) -> ReportQuerySet:
    """The other members, of those that are visible."""
    return rows.filter(~Q(state__in=UNMADE), batch=batch).order_by("institution__name", "pk")


def overview(batch: Report, user: User, acting: Membership, may_ask: bool) -> dict[str, Any]:
    """What the page of a batch shows beside what every report's does."""
    counts = tally(batch)
    failures = unmade(batch, user, acting)[:FAILURES_SHOWN] if counts.unmade else []
    return {
        "tally": counts,
        "scope": narrowed_in_words(batch),
        "failures": [(member, why_unmade(member)) for member in failures],
        "may_retry": may_ask and batch.is_over and bool(counts.unmade or batch.removed_at or not batch.file),
        "may_retry_members": may_ask and batch.state not in (ReportState.QUEUED, ReportState.RENDERING),
    }


def why_unmade(member: Report) -> str:
    """For the reader, in the active language unless the report said it in its own."""
    if member.state == ReportState.CANCELLED:
        return _("已取消")
    if member.found_no_space:
        return _("存储空间不足")
    return member.refusal or _("生成过程中出错")
