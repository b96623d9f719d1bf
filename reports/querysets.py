from __future__ import annotations

from typing import Self

from django.db.models import Q

from portal.accounts.enums import Permission
from portal.accounts.querysets import BELONG, SUPERVISE, has_permission_on
from portal.attempts import AttemptedQuerySet
from portal.audit.canonical import Digests
from reports.enums import ReportKind, ReportState

SAME_REPORT = (
    "kind",
    "institution_id",
    "authority_id",
    "plan_id",
    "task_id",
    "self_assessment_id",
    "day",
    "language",
)
SAME_COMPOSED = ("kind", "authority_id", "plan_id", "language")
SAME_SCOPE = ("kinds", "all_regions", "regions")


def _told_to(user) -> Q:
    """Not the proof of delivery, unless one may see it: what colleagues were told is not everybody's."""
    seen = [m.institution_id for m in user.active_memberships if m.institution_id and m.may(Permission.SEE_PROOF)]
    return ~Q(kind=ReportKind.PROOF) | Q(institution__in=seen)


def _issued_or_exporting(user) -> Q:
    """Not drafts of a composition, unless one may export the authority's reports oneself."""
    exporting = [
        m.authority_id for m in user.active_memberships if m.authority_id and m.may(Permission.EXPORT_SUPERVISORY)
    ]
    return Q(is_draft=False) | Q(authority__in=exporting)


class ReportQuerySet(AttemptedQuerySet):
    waiting, working = (ReportState.QUEUED,), (ReportState.RENDERING,)
    asked_at = "requested_at"
    proof = ("state", "attempts", "retries")

    def visible_to(self, user, acting=None) -> Self:
        """A report is its body's: the authority for which it was asked, else its institution.

        What an authority asked for about one institution is gone with the institution from its scope.
        """
        if not user.is_authenticated:
            return self.none()
        authorities = [m.authority_id for m in user.active_memberships if m.authority_id]
        if acting:
            authorities = [acting.authority_id] if acting.authority_id else []
        own = Q(has_permission_on("institution", user, BELONG, acting=acting), authority=None) & _told_to(user)
        in_scope = Q(institution=None) | Q(has_permission_on("institution", user, SUPERVISE, acting=acting))
        return self.filter(own | Q(in_scope, _issued_or_exporting(user), authority__in=authorities))

    def listed(self) -> Self:
        """Those that stand for themselves. The members of a batch are on its page."""
        return self.filter(batch=None)

    def not_over(self) -> Self:
        """Unfinished, or a batch whose members are."""
        return self.filter(state__in=[ReportState.COLLECTING, *self.waiting, *self.working])

    def left_lying(self, now) -> Self:
        """Not those members of a batch whose turn has not come: `batches/driving.py` says when it does."""
        return super().left_lying(now).filter(Q(batch=None) | Q(heartbeat_at__isnull=False))

    def issued_as(self, digest: Digests) -> Self:
        """Those whose file, or the workbook beside it, has exactly these digests."""
        is_file = Q(sha256=digest.sha256, sm3=digest.sm3)
        is_workbook = Q(workbook_sha256=digest.sha256, workbook_sm3=digest.sm3)
        return self.filter(is_file | is_workbook, state=ReportState.DONE)

    def superseding(self, report) -> Self:
        """Later ones of the same kind, body, plan, day and language, newest first. A translation supersedes nothing.

        What was approved is superseded by what was approved later for the same scope, of no earlier day; a draft by
        nothing, and it supersedes nothing.
        """
        if report.is_draft:
            return self.none()
        same = {field: getattr(report, field) for field in (SAME_COMPOSED if report.composition else SAME_REPORT)}
        later = self.filter(state=ReportState.DONE, code__isnull=False, as_at__gt=report.as_at, is_draft=False, **same)
        return later.filter(_of_the_same_scope(report.composition)).order_by("-as_at")


def _of_the_same_scope(composition) -> Q:
    if composition is None:
        return Q(composition=None)
    same = {f"composition__{field}": getattr(composition, field) for field in SAME_SCOPE}
    return Q(composition__day__gte=composition.day, **same)
