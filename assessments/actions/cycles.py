"""Opening a round of self-assessment, for all institutions in one statement."""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from assessments.asked import ASKED_STATES
from assessments.enums import CycleKind, SelfAssessmentState
from assessments.models import Cycle, SelfAssessment
from assessments.permissions import can_open_cycle
from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Institution, User
from portal.audit.actions import record
from portal.bulk import insert_select
from tasks.models import Assignment


def institutions_asked(plan: Plan) -> QuerySet[Institution]:
    """Those that a cycle of the plan addresses: active, with a task in it that applies to them."""
    assignments = Assignment.objects.filter(task__plan=plan, institution=OuterRef("pk"), state__in=ASKED_STATES)
    return Institution.objects.filter(Exists(assignments), is_active=True)


@transaction.atomic
def open_cycle(
    *,
    plan: Plan,
    kind: CycleKind,
    title: str,
    title_en: str = "",
    period_starts_on: datetime.date,
    period_ends_on: datetime.date,
    opens_on: datetime.date,
    due_on: datetime.date,
    by: User,
) -> Cycle:
    """Open a round: every institution asked gets a first draft, to be written from `opens_on` on."""
    check(can_open_cycle(by))
    cycle, is_new = Cycle.objects.get_or_create(
        plan=plan,
        kind=kind,
        period_starts_on=period_starts_on,
        defaults={
            "title": title,
            "title_en": title_en,
            "period_ends_on": period_ends_on,
            "opens_on": opens_on,
            "due_on": due_on,
        },
    )
    if not is_new:
        raise ValidationError(
            _("该计划从 %(day)s 起的同类自评周期已开启：%(title)s。")
            % {"day": period_starts_on, "title": cycle.local_title},
            code="open_already",
        )
    created = _open_drafts(cycle)
    record(action="cycle.opened", by=by, target=cycle, data={"plan": plan.slug, "self_assessments": created})
    return cycle


@transaction.atomic
def extend_cycle(*, cycle: Cycle) -> int:
    """Give a first draft to the institutions that joined since the round was opened; returns how many."""
    created = _open_drafts(cycle)
    if created:
        record(action="cycle.extended", by=None, target=cycle, data={"self_assessments": created})
    return created


def _open_drafts(cycle: Cycle) -> int:
    rows = institutions_asked(cycle.plan).order_by()
    return insert_select(
        SelfAssessment,
        ["cycle", "institution", "version", "state", "created_at", "sent_back_reason", "sha256", "sm3"],
        rows.values_list(
            Value(cycle.pk),
            "pk",
            Value(1),
            Value(SelfAssessmentState.DRAFT.value),
            Now(),
            Value(""),
            Value(""),
            Value(""),
        ),
    )
