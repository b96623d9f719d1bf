"""Deadlines of self-assessments, of rectifications and of planned measures, as reminders see them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse

from assessments.enums import RectificationState, SelfAssessmentState
from plan.enums import Reminded
from plan.reminders import rules_of
from portal.accounts.enums import REVIEWING_ROLES
from portal.notices.enums import NoticeKind
from portal.notices.reminders.subjects import Subject

# A return or a withdrawal has opened the next version: the draft is what the institution owes.
SELF_ASSESSMENT_ROWS = """
    SELECT version.id::text AS id, version.institution_id, NULL::bigint AS authority_id, NULL::bigint AS handler_id,
        cycle.plan_id, NULL::bigint AS task_id, cycle.due_on AS deadline,
        jsonb_build_object('title', cycle.title, 'title_en', cycle.title_en) AS facts,
        replace(%(self_assessment_path)s, '0', version.id::text) AS path,
        version.state = %(awaiting_signature)s AS cios_turn,
        greatest(
            version.handed_in_at, version.sent_back_at,
            (SELECT max(updated_at) FROM assessments_answer
             WHERE self_assessment_id = version.id AND updated_by_id IS NOT NULL)
        ) AS acted_at
    FROM assessments_selfassessment version
    JOIN assessments_cycle cycle ON cycle.id = version.cycle_id
    WHERE version.state = ANY(%(owed)s) AND cycle.opens_on <= %(today)s AND cycle.due_on <= %(latest)s {only}
"""

# The plan is that of the requirement, else of what was reviewed; a rectification on its own has none.
RECTIFICATION_ROWS = """
    SELECT rectification.id::text AS id, rectification.institution_id, rectification.authority_id,
        (SELECT membership.user_id FROM accounts_membership membership
         WHERE membership.user_id = rectification.opened_by_id
         AND membership.authority_id = rectification.authority_id
         AND membership.is_active AND membership.role = ANY(%(reviewers)s)) AS handler_id,
        coalesce(task.plan_id, cycle.plan_id, reviewed.plan_id) AS plan_id,
        coalesce(task.id, reviewed.id) AS task_id, rectification.deadline,
        jsonb_build_object('title', rectification.title) AS facts,
        replace(%(rectification_path)s, '0', rectification.id::text) AS path,
        false AS cios_turn, rectification.reopened_at AS acted_at
    FROM assessments_rectification rectification
    LEFT JOIN plan_requirement requirement ON requirement.id = rectification.requirement_id
    LEFT JOIN plan_task task ON task.id = requirement.task_id
    LEFT JOIN assessments_review review ON review.id = rectification.review_id
    LEFT JOIN assessments_selfassessment version ON version.id = review.self_assessment_id
    LEFT JOIN assessments_cycle cycle ON cycle.id = version.cycle_id
    LEFT JOIN tasks_submission submission ON submission.id = review.submission_id
    LEFT JOIN tasks_assignment assignment ON assignment.id = submission.assignment_id
    LEFT JOIN plan_task reviewed ON reviewed.id = assignment.task_id
    WHERE rectification.state = %(open)s AND rectification.deadline <= %(latest)s {only}
"""

# A planned measure holds from the signature until the institution signs its next self-assessment in the plan.
# One that was due before it was signed was stated too late to be reminded of.
MEASURE_ROWS = """
    SELECT answer.id::text AS id, version.institution_id, NULL::bigint AS authority_id, NULL::bigint AS handler_id,
        task.plan_id, task.id AS task_id, answer.measure_due_on AS deadline,
        jsonb_build_object(
            'reference', task.number || '.' || requirement.number,
            'title', requirement.text, 'title_en', requirement.text_en
        ) AS facts,
        replace(%(self_assessment_path)s, '0', version.id::text) AS path,
        false AS cios_turn, version.signed_at AS acted_at
    FROM assessments_answer answer
    JOIN assessments_selfassessment version ON version.id = answer.self_assessment_id
    JOIN assessments_cycle cycle ON cycle.id = version.cycle_id
    JOIN plan_requirement requirement ON requirement.id = answer.requirement_id
    JOIN plan_task task ON task.id = requirement.task_id
    WHERE answer.measure <> ''
    AND answer.measure_due_on BETWEEN (version.signed_at AT TIME ZONE %(time_zone)s)::date AND %(latest)s
    AND version.state = ANY(%(signed)s)
    AND NOT EXISTS (
        SELECT FROM assessments_selfassessment later
        JOIN assessments_cycle later_cycle ON later_cycle.id = later.cycle_id
        WHERE later.institution_id = version.institution_id AND later_cycle.plan_id = cycle.plan_id
        AND later.state = ANY(%(signed)s)
        AND (later_cycle.period_ends_on, later.version) > (cycle.period_ends_on, version.version)
    ) {only}
"""


def _self_assessment_parameters() -> dict[str, Any]:
    return {
        "owed": [SelfAssessmentState.DRAFT, SelfAssessmentState.AWAITING_SIGNATURE],
        "awaiting_signature": SelfAssessmentState.AWAITING_SIGNATURE,
        "self_assessment_path": reverse("assessments:detail", args=[0]),
    }


def _rectification_parameters() -> dict[str, Any]:
    return {
        "open": RectificationState.OPEN,
        "reviewers": [*REVIEWING_ROLES],
        "rectification_path": reverse("assessments:rectification", args=[0]),
    }


def _measure_parameters() -> dict[str, Any]:
    return {
        "signed": [SelfAssessmentState.SUBMITTED, SelfAssessmentState.ACCEPTED],
        "time_zone": settings.TIME_ZONE,
        "self_assessment_path": reverse("assessments:detail", args=[0]),
    }


SELF_ASSESSMENTS = Subject(
    kind=NoticeKind.SELF_ASSESSMENT_DUE,
    name=Reminded.SELF_ASSESSMENT,
    rows=SELF_ASSESSMENT_ROWS,
    row_id="version.id",
    parameters=_self_assessment_parameters,
    rules=partial(rules_of, Reminded.SELF_ASSESSMENT),
    listed_at="assessments:list",
)
RECTIFICATIONS = Subject(
    kind=NoticeKind.RECTIFICATION_DUE,
    name=Reminded.RECTIFICATION,
    rows=RECTIFICATION_ROWS,
    row_id="rectification.id",
    parameters=_rectification_parameters,
    rules=partial(rules_of, Reminded.RECTIFICATION),
    listed_at="assessments:rectifications",
)
MEASURES = Subject(
    kind=NoticeKind.MEASURE_DUE,
    name=Reminded.MEASURE,
    rows=MEASURE_ROWS,
    row_id="answer.id",
    parameters=_measure_parameters,
    rules=partial(rules_of, Reminded.MEASURE),
    listed_at="assessments:list",
)
