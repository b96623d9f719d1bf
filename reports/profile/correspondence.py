"""往来: what supervisors and the institution wrote to each other, of all kinds, as one line of time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from heapq import nlargest
from itertools import chain
from typing import NamedTuple

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, When
from django.utils.translation import gettext as _

from assessments.enums import StepKind, Verdict
from assessments.models import Remark, Review
from reports.profile.seen import Seen
from tasks.enums import RequestState
from tasks.models import ChangeRequest

SHOWN = 12
REMARKS_SHOWN = 3


class Said(NamedTuple):
    """One thing that was written: of which kind, by whom, about what, and the words. No `url`: nowhere to read more."""

    at: datetime.datetime
    kind: str
    by: str
    about: str
    url: str
    text: str
    is_own: bool = False


def correspondence(seen: Seen, limit: int = SHOWN) -> list[Said]:
    """The newest first. Of each kind as many are read as are shown at most, so that nothing newer is left out."""
    said = chain(
        _urgings(seen, limit),
        _verdicts(seen, seen.reviews_of_doing, limit),
        _verdicts(seen, seen.reviews_of_judging, limit),
        _requests(seen, limit),
        _rectifications(seen, limit),
    )
    return nlargest(limit, said, key=lambda one: one.at)


def _urgings(seen: Seen, limit: int) -> Iterator[Said]:
    for urged in seen.urged.with_message()[:limit]:
        urging = urged.urging
        is_ours = urging.authority_id == seen.membership.authority_id
        yield Said(
            at=urging.created_at,
            kind=_("催办"),
            by=urging.authority.local_name,
            about=urging.subject,
            url=urging.get_absolute_url() if is_ours else "",
            text=urged.text,
        )


def _verdicts(seen: Seen, reviews: QuerySet[Review], limit: int) -> Iterator[Said]:
    """Returns, and acceptances that say something."""
    worded = Remark.objects.exclude(text="")
    said = (
        reviews.filter(Q(verdict=Verdict.RETURNED) | ~Q(comment="") | Exists(worded.filter(review=OuterRef("pk"))))
        .select_related("authority", "submission__assignment__task", "self_assessment__cycle")
        .defer("submission__content", "self_assessment__content")
        .prefetch_related(Prefetch("remarks", worded.select_related("requirement__task")))
        .order_by("-created_at", "-pk")[:limit]
    )
    for review in said:
        signed = review.submission or review.self_assessment
        yield Said(
            at=review.created_at,
            kind=review.outcome,
            by=review.authority.local_name,
            about=_about(review),
            url=seen.signed_url(signed),
            text=_words(review),
        )


def _about(review: Review) -> str:
    if review.submission:
        title = f"{review.submission.assignment.task.number} {review.submission.assignment.task.local_title}"
    else:
        title = review.self_assessment.cycle.local_title
    return _("%(title)s，第 %(number)s 版") % {"title": title, "number": review.version}


def _words(review: Review) -> str:
    """The comment, and the first of the remarks with what they are about."""
    remarks = list(review.remarks.all())
    words = [review.comment] if review.comment else []
    words += [f"{remark.requirement.reference} {remark.text}" for remark in remarks[:REMARKS_SHOWN]]
    if more := len(remarks) - REMARKS_SHOWN:
        words += [_("另有 %(number)s 条意见") % {"number": more}] if more > 0 else []
    return "\n".join(words)


def _requests(seen: Seen, limit: int) -> Iterator[Said]:
    """What was asked for, and what was decided."""
    is_decided = Q(decided_at__lt=seen.until) if seen.until else Q(decided_at__isnull=False)
    latest = Case(When(is_decided, then="decided_at"), default="requested_at")
    rows = seen.requests.select_related("assignment__task", "authority", "requested_by")
    for request in rows.order_by(latest.desc(), "-pk")[:limit]:
        task = request.assignment.task
        about = f"{request.get_kind_display()} · {task.number} {task.local_title}"
        yield Said(
            at=request.requested_at,
            kind=_("已提出申请"),
            by=request.requested_by.name,
            about=about,
            url=request.get_absolute_url(),
            text=request.reason,
            is_own=True,
        )
        if request.decided_at and (seen.until is None or request.decided_at < seen.until):
            yield Said(
                at=request.decided_at,
                kind=request.get_state_display(),
                by=request.authority.local_name if request.authority else "",
                about=about,
                url=request.get_absolute_url(),
                text=_decision(request),
            )


def _decision(request: ChangeRequest) -> str:
    until = ""
    if request.state == RequestState.GRANTED and request.granted_deadline:
        until = _("同意延至 %(day)s") % {"day": request.granted_deadline}
    return "\n".join(filter(None, [until, request.decision]))


def _rectifications(seen: Seen, limit: int) -> Iterator[Said]:
    rows = seen.rectification_steps.select_related("rectification__authority", "by").order_by("-at", "-pk")
    for step in rows[:limit]:
        is_own = step.kind == StepKind.ANSWERED
        yield Said(
            at=step.at,
            kind=step.get_kind_display(),
            by=step.by.name if is_own else step.rectification.authority.local_name,
            about=step.rectification.title,
            url=step.rectification.get_absolute_url(),
            text=step.text,
            is_own=is_own,
        )
