"""Opening a round of self-assessment, for all institutions in a few statements."""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.actions.answers import WRITTEN
from assessments.asked import ASKED_STATES, of_part
from assessments.enums import CycleKind, SelfAssessmentState
from assessments.models import Answer, Cycle, SelfAssessment
from assessments.permissions import can_open_cycle
from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Institution, User
from portal.audit.actions import record
from portal.bulk import insert_select
from tasks.models import Assignment
from vault.enums import FileState


def institutions_asked(plan: Plan) -> QuerySet[Institution]:
    """Those that a cycle of the plan addresses: active, with a task in it that applies to them."""
    assignments = Assignment.objects.filter(task__plan=plan, institution=OuterRef("pk"), state__in=ASKED_STATES)
    return Institution.objects.filter(Exists(assignments), is_active=True)


def institutions_prefilled(plan: Plan) -> int:
    """How many of those asked would find answers in the draft of a cycle opened now."""
    return (
        institutions_asked(plan).filter(pk__in=SelfAssessment.objects.last_accepted(plan).values("institution")).count()
    )


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
    """Open a round: every institution asked gets a first draft, to be written from `opens_on` on.

    It begins with the answers of the institution's last accepted self-assessment of the plan, each to be confirmed.
    """
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
    opened_at = timezone.now()
    created = insert_select(
        SelfAssessment,
        ["cycle", "institution", "version", "state", "created_at", "sent_back_reason", "sha256", "sm3"],
        rows.values_list(
            Value(cycle.pk),
            "pk",
            Value(1),
            Value(SelfAssessmentState.DRAFT.value),
            Value(opened_at),
            Value(""),
            Value(""),
            Value(""),
        ),
    )
    if created:
        _carry_over(cycle, opened_at)
    return created


def _carry_over(cycle: Cycle, opened_at: datetime.datetime) -> None:
    """Fill the drafts opened at that moment: the last accepted answers to what is still asked, with the files that
    are still current and clean. Nobody wrote them here yet, so they have no author.
    """
    draft = "self_assessment__institution__self_assessments"
    opened = {f"{draft}__cycle": cycle, f"{draft}__created_at": opened_at}
    sources = SelfAssessment.objects.last_accepted(cycle.plan).values("pk")
    still_asked = {
        "requirement__task__assignments__institution": F("self_assessment__institution"),
        "requirement__task__assignments__state__in": ASKED_STATES,
    }
    insert_select(
        Answer,
        ["self_assessment", "requirement", *WRITTEN, "reply", "is_carried_over", "revision", "updated_at"],
        Answer.objects.filter(
            of_part("requirement__"),
            self_assessment__in=sources,
            **still_asked,
            **opened,
        ).values_list(f"{draft}__pk", "requirement", *WRITTEN, Value(""), Value(True), Value(1), Value(opened_at)),
    )
    links = Answer.evidence.through
    insert_select(
        links,
        ["answer", "evidence"],
        links.objects.filter(
            answer__self_assessment__in=sources,
            evidence__withdrawn_at=None,
            evidence__superseded_at=None,
            evidence__stored__state=FileState.CLEAN,
            **{f"answer__{name}": value for name, value in opened.items()},
            **{f"answer__{draft}__answers__requirement": F("answer__requirement")},
        ).values_list(f"answer__{draft}__answers__pk", "evidence"),
    )
