"""What institutions did since a person last looked: signed, signed again, took back, asked for, and put right.

"Last looked" is what the person says: the button 标为已读 sets `Membership.changes_seen_at`. Until it is pressed the
page begins with the last working day before today; and it never reaches back further than LONGEST.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from django.db.models import IntegerField, QuerySet, TextChoices, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from assessments.models import Rectification, SelfAssessment
from portal.accounts.models import Membership, User
from portal.keyset import BoundedCount, bounded_counts, together
from portal.working_days import DAY, on_or_before
from tasks.models import Assignment, ChangeRequest, Submission

LONGEST = 30 * DAY
# With its type: of two lists that have none, PostgreSQL would make text, to which no number can be joined.
NO_NUMBER = Cast(Value(None), IntegerField())


class What(TextChoices):
    SIGNED = "signed", _("新报送")
    SIGNED_AGAIN = "signed_again", _("重新报送")
    WITHDRAWN = "withdrawn", _("撤回报送")
    REQUESTED = "requested", _("新申请")
    RECTIFIED = "rectified", _("整改结果")


class Source(NamedTuple):
    """Rows that happened at `at`, and where their institution and their matter are named; `page` shows one of them."""

    what: What
    rows: QuerySet
    at: str
    institution: str
    matter: str
    page: str


@dataclass(frozen=True)
class Change:
    what: What
    at: datetime.datetime
    institution: str
    matter: str
    url: str


class Count(NamedTuple):
    """How often it happened, no further than a list counts; `more` when it was more often."""

    what: What
    number: int
    more: bool


@dataclass(frozen=True)
class Changes:
    since: datetime.datetime
    counts: list[Count]
    latest: list[Change]


def since_when(membership: Membership, now: datetime.datetime) -> datetime.datetime:
    """What was last marked as seen, or the beginning of the working day before; at most LONGEST ago."""
    if membership.changes_seen_at:
        return max(membership.changes_seen_at, now - LONGEST)
    day = on_or_before(timezone.localdate(now) - DAY)
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


def changes(user: User, acting: Membership, *, since: datetime.datetime, limit: int) -> Changes:
    """In two queries at most, which of each kind read no more than is shown or counted."""
    sources = [
        source._replace(rows=source.rows.filter(**{f"{source.at}__gt": since})) for source in _sources(user, acting)
    ]
    counted = list(zip(sources, bounded_counts(*(source.rows for source in sources)), strict=True))
    happened = [source for source, count in counted if count.number]
    return Changes(since, _counts(counted), list(_latest(happened, limit)) if happened else [])


def _sources(user: User, acting: Membership) -> list[Source]:
    submissions = Submission.objects.visible_to(user, acting=acting)
    self_assessments = SelfAssessment.objects.visible_to(user, acting=acting).filter(signed_at__isnull=False)
    doing = ("assignment__institution", "assignment__task")
    review, judging = "assessments:review_submission", ("institution", "cycle", "assessments:review_self_assessment")
    return [
        Source(What.SIGNED, submissions.filter(number=1), "signed_at", *doing, review),
        Source(What.SIGNED_AGAIN, submissions.filter(number__gt=1), "signed_at", *doing, review),
        Source(What.SIGNED, self_assessments.filter(version=1), "signed_at", *judging),
        Source(What.SIGNED_AGAIN, self_assessments.filter(version__gt=1), "signed_at", *judging),
        Source(
            What.WITHDRAWN,
            Assignment.objects.visible_to(user, acting=acting),
            "withdrawn_at",
            "institution",
            "task",
            "tasks:detail",
        ),
        Source(What.WITHDRAWN, self_assessments, "withdrawn_at", *judging),
        Source(
            What.REQUESTED,
            ChangeRequest.objects.visible_to(user, acting=acting),
            "requested_at",
            *doing,
            "tasks:request",
        ),
        Source(
            What.RECTIFIED,
            Rectification.objects.visible_to(user, acting),
            "answered_at",
            "institution",
            "",
            "assessments:rectification",
        ),
    ]


def _counts(counted: Sequence[tuple[Source, BoundedCount]]) -> list[Count]:
    counts = [Count(what, *together(count for source, count in counted if source.what == what)) for what in What]
    return [count for count in counts if count.number]


def _latest(sources: Sequence[Source], limit: int) -> Iterator[Change]:
    first, *others = (
        _described(source, place).order_by(f"-{source.at}")[:limit] for place, source in enumerate(sources)
    )
    found = first.union(*others, all=True)
    for at, place, pk, number, *names in sorted(found, key=itemgetter(0), reverse=True)[:limit]:
        institution, title = _local(*names[:2]), _local(*names[2:])
        matter = f"{number} {title}" if number else title
        yield Change(sources[place].what, at, institution, matter, reverse(sources[place].page, args=[pk]))


def _described(source: Source, place: int) -> QuerySet:
    """Its time, its place among the sources, and the names in both languages: the same columns for every source."""
    path = f"{source.matter}__" if source.matter else ""
    is_task = source.matter.endswith("task")
    return source.rows.values_list(
        source.at,
        Value(place),
        "pk",
        f"{path}number" if is_task else NO_NUMBER,
        f"{source.institution}__name",
        f"{source.institution}__name_en",
        f"{path}title",
        f"{path}title_en" if path else Value(""),
    )


def _local(chinese: str, english: str) -> str:
    return (english if (get_language() or "").startswith("en") else "") or chinese
