"""How long evidence is kept, and its deletion afterwards.

A file is kept for every plan it was put forward for: until so many years (`Plan.retention_years`) after the plan's
last day, or after the day it was put forward when that was later. A file that was never put forward is kept for
the usual number of years after it came in. On the day after the last of these days it may be deleted, unless a legal
hold stands.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateField, DurationField, Exists, F, Func, Max, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Greatest, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.models import RETENTION_YEARS, Plan
from portal.accounts.access import check
from portal.accounts.enums import Permission
from portal.accounts.models import User
from tasks.models import Evidence
from vault.deletion import delete
from vault.enums import CHECKED
from vault.keeping import keep_still
from vault.models import LegalHold, StoredFile
from vault.querysets import StoredFileQuerySet

# So many are shown on a page, chosen, and deleted in one decision.
FILES_AT_ONCE = 50


class Years(Func):
    """An interval of so many years."""

    function = "make_interval"
    template = "%(function)s(years => %(expressions)s)"
    output_field = DurationField()


PLAN = "assignment__task__plan"
KEPT_FOR_PLAN = Cast(
    Greatest(F(f"{PLAN}__ends_on"), TruncDate("uploaded_at")) + Years(F(f"{PLAN}__retention_years")), DateField()
)
KEPT_UNUSED = Cast(TruncDate("received_at") + Years(Value(RETENTION_YEARS)), DateField())
USES = Evidence.objects.filter(stored=OuterRef("pk")).order_by()


def retention_ended(files: StoredFileQuerySet, today: datetime.date | None = None) -> StoredFileQuerySet:
    """The checked ones among `files` whose last day of retention has passed, held or not."""
    today = today or timezone.localdate()
    still_kept = USES.alias(kept_until=KEPT_FOR_PLAN).filter(kept_until__gte=today)
    return (
        files.filter(state__in=CHECKED, received_at__lt=_not_after(today))
        .alias(kept_unused=KEPT_UNUSED)
        .filter(Q(kept_unused__lt=today) | Exists(USES), ~Exists(still_kept))
    )


def _not_after(today: datetime.date) -> datetime.datetime:
    """What came in later is kept under every plan: an index by age spares the search all of it."""
    shortest = Plan.objects.aggregate(years=Min("retention_years"))["years"]
    years = RETENTION_YEARS if shortest is None else min(shortest, RETENTION_YEARS)
    day = today - datetime.timedelta(days=365 * years)  # no year is shorter
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


def with_retention(files: StoredFileQuerySet) -> StoredFileQuerySet:
    """Annotate `kept_until`, `is_signed` (whether supervisors may know its name), and `is_held`."""
    for_plans = USES.values("stored").annotate(until=Max(KEPT_FOR_PLAN)).values("until")
    holds = LegalHold.objects.standing().filter(institution=OuterRef("institution"))
    return files.annotate(
        kept_until=Coalesce(Subquery(for_plans), KEPT_UNUSED),
        is_signed=Exists(USES.filter(frozen_at__isnull=False)),
        is_held=Exists(holds),
    )


@transaction.atomic
def delete_files(*, files: Iterable[StoredFile], reason: str, by: User) -> list[StoredFile]:
    """Delete all of the files, or none: their rows stay as tombstones, with who, when and why.

    Raises ValidationError when a hold stands, or when one is no longer to be deleted, such as when it was put
    forward again meanwhile.
    """
    chosen = {file.pk for file in files}
    rows = StoredFile.objects.filter(pk__in=chosen)
    institutions = set(rows.values_list("institution", flat=True))
    check(rows.supervised_by(by, Permission.MANAGE_RETENTION).count() == len(chosen))
    check(not any(by.belongs_to(institution) for institution in institutions))
    if not reason.strip():
        raise ValidationError(_("请填写删除理由。"), code="reason")
    if not 0 < len(chosen) <= FILES_AT_ONCE:
        raise ValidationError(_("一次可删除 1 至 %(limit)s 个文件。") % {"limit": FILES_AT_ONCE}, code="too_many")
    keep_still(institutions)
    _check_holds(institutions)
    locked = list(rows.select_for_update(of=("self",)).order_by("pk"))
    _check_ended(locked)
    return [delete(stored=stored, reason=reason, by=by) for stored in locked]


def _check_holds(institutions: Iterable[int]) -> None:
    holds = LegalHold.objects.standing().filter(institution__in=institutions).select_related("institution")
    names = [hold.institution.local_name for hold in holds]
    if names:
        raise ValidationError(
            _("下列机构的材料正在保全，未删除任何文件：%(names)s。解除保全后方可删除。") % {"names": "、".join(names)},
            code="held",
        )


def _check_ended(locked: Sequence[StoredFile]) -> None:
    rows = StoredFile.objects.filter(pk__in=[stored.pk for stored in locked])
    ended = set(retention_ended(rows).values_list("pk", flat=True))
    digests = [stored.sha256[:8] for stored in locked if stored.pk not in ended]
    if digests:
        raise ValidationError(
            _("下列文件已不在可删除之列，未删除任何文件：%(digests)s。请返回列表重新选择。")
            % {"digests": "、".join(digests)},
            code="not_ended",
        )
