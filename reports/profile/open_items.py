"""What is open between the institution and its supervisors, by kind; of each the most urgent, and the full list."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.enums import SelfAssessmentState
from assessments.models import Cycle, Rectification, Review, SelfAssessment
from reports.profile.seen import Seen
from reports.progress import SOON_DAYS, open_returns
from tasks.enums import RequestState
from tasks.models import ChangeRequest, Evidence

SHOWN = 5
UNSIGNED = (SelfAssessmentState.DRAFT, SelfAssessmentState.AWAITING_SIGNATURE)


class Item(NamedTuple):
    """`deadline` is when it is due, `expires_on` until when a file is valid: one of the two."""

    title: str
    url: str
    note: str
    state: str = ""
    deadline: datetime.date | None = None
    is_official: bool = True
    expires_on: datetime.date | None = None


class Group(NamedTuple):
    """`more`: there are more than these, in the list at `url` where there is one."""

    label: str
    url: str
    items: list[Item]
    more: bool


def open_items(seen: Seen) -> list[Group]:
    """Until when a file was valid is not known of a past day."""
    groups = [_returned(seen), _requests(seen), _rectifications(seen), _unsigned(seen)]
    groups += [] if seen.until else [_expiring(seen)]
    return [group for group in groups if group.items]


def _group(label: str, url: str, rows: Iterable[Any], item: Callable[[Any], Item]) -> Group:
    """Of rows cut one behind those shown."""
    found = list(rows)
    return Group(label, url, [item(row) for row in found[:SHOWN]], len(found) > SHOWN)


def _returned(seen: Seen) -> Group:
    rows = list(open_returns(seen.reviews_of_doing, seen.assignments, seen.until)[: SHOWN + 1])
    standing = seen.as_they_stood([review.submission.assignment for review in rows])

    def item(review: Review) -> Item:
        assignment = standing[review.submission.assignment_id]
        task, number = review.submission.assignment.task, len(review.reasons)
        note = ngettext("%(day)s 退回，%(number)s 项要求", "%(day)s 退回，%(number)s 项要求", number)
        return Item(
            title=f"{task.number} {task.local_title}",
            url=seen.signed_url(review.submission),
            note=note % {"day": review.created_at.date(), "number": number},
            state=assignment.state,
            deadline=assignment.deadline,
            is_official=assignment.deadline_is_official,
        )

    return _group(_("退回后尚未重新报送"), seen.tasks_url(review="unanswered"), rows, item)


def _requests(seen: Seen) -> Group:
    def item(request: ChangeRequest) -> Item:
        task = request.assignment.task
        return Item(
            title=f"{request.get_kind_display()} · {task.number} {task.local_title}",
            url=request.get_absolute_url(),
            note=_("申请延至 %(day)s") % {"day": request.new_deadline} if request.new_deadline else "",
            state=RequestState.PENDING,
            deadline=request.old_deadline,
        )

    rows = seen.requests.pending(seen.until).select_related("assignment__task").order_by("requested_at", "pk")
    return _group(_("待审批的申请"), seen.listed("tasks:requests"), rows[: SHOWN + 1], item)


def _rectifications(seen: Seen) -> Group:
    def item(rectification: Rectification) -> Item:
        return Item(
            title=rectification.title,
            url=rectification.get_absolute_url(),
            note=rectification.authority.local_name,
            state=rectification.state,
            deadline=rectification.deadline,
        )

    return _group(_("未办结的整改"), seen.listed("assessments:rectifications"), seen.unclosed(SHOWN + 1), item)


def _unsigned(seen: Seen) -> Group:
    """Of rounds that are open, where the version that counts is not signed.

    Of a past day it is not known whether it had been handed in to be signed.
    """

    def item(row: SelfAssessment) -> Item:
        listed = seen.listed("assessments:list", cycle=row.cycle_id)
        return Item(
            title=row.cycle.local_title,
            url=listed if seen.is_supervising else row.get_absolute_url(),
            note="",
            state="" if seen.until else row.standing,
            deadline=row.cycle.due_on,
        )

    open_then = Cycle.objects.visible_to(seen.user).filter(opens_on__lte=seen.day)
    unsigned = Q(signed_at=None) | Q(signed_at__gte=seen.until) if seen.until else Q(state__in=UNSIGNED)
    rows = seen.rounds.latest_versions(seen.until).filter(unsigned, cycle__in=open_then).with_standing()
    rows = rows.select_related("cycle").defer("content").order_by("cycle__due_on", "pk")
    return _group(_("未签署的自评"), seen.listed("assessments:list"), rows[: SHOWN + 1], item)


def _expiring(seen: Seen) -> Group:
    """Files that are put forward and no longer valid, or not for long; each once, with a task it is used for."""

    def item(file: Evidence) -> Item:
        task = file.assignment.task
        return Item(
            title=file.original_name,
            url=file.get_absolute_url(),
            note=f"{task.number} {task.local_title}",
            expires_on=file.stored.expires_on,
        )

    until = seen.day + datetime.timedelta(days=SOON_DAYS)
    rows = seen.evidence.filter(stored__expires_on__lte=until).select_related("assignment__task")
    url = seen.tasks_url() if seen.is_supervising else seen.listed("vault:library")
    return _group(
        _("已过期和 %(days)s 天内到期的材料") % {"days": SOON_DAYS},
        url,
        rows.order_by("stored__expires_on", "stored_id", "pk").distinct("stored__expires_on", "stored_id")[: SHOWN + 1],
        item,
    )
