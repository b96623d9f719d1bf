"""When plans were issued, begin and end: the same for everybody."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from plan.models import Plan
from reports.calendar.entries import Entry, Reader, Wanted
from reports.calendar.enums import EntryKind


def milestones(reader: Reader, wanted: Wanted) -> list[Entry]:
    in_span = Q(issued_on__range=wanted.days) | Q(starts_on__range=wanted.days) | Q(ends_on__range=wanted.days)
    plans = Plan.objects.visible_to(reader.user).filter(in_span)
    if wanted.plan:
        plans = plans.filter(pk=wanted.plan.pk)
    return [
        Entry(
            key=f"plan-{plan.pk}-{name}",
            kind=EntryKind.MILESTONE,
            day=day,
            title=title % {"plan": plan.local_title},
            url=plan.get_absolute_url(),
            is_open=day >= wanted.today,
        )
        for plan in plans
        for name, day, title in _of_plan(plan)
        if wanted.has(day)
    ]


def _of_plan(plan: Plan) -> list[tuple[str, datetime.date, str]]:
    return [
        ("issued", plan.issued_on, _("《%(plan)s》发布")),
        ("starts", plan.starts_on, _("《%(plan)s》开始")),
        ("ends", plan.ends_on, _("《%(plan)s》结束")),
    ]
