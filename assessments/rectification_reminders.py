"""Reminders of rectifications: one notice per person, rectification and stage, and each of them once.

The stages are 7 and 1 days before the deadline, the day itself, and every full week overdue. A stage lasts until the
next one takes its place, so that a morning without a job is made good by the next. The deadline is part of a
reminder's key: what was reopened or rescheduled is reminded of anew. What is a week overdue is escalated: the
authority's lead supervisors, and the person who opened it, are told as well.
"""

from __future__ import annotations

import datetime

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from assessments.actions.rectifications import REVIEWING_ROLES
from assessments.enums import ESCALATED_AFTER, RectificationState
from portal.accounts.enums import Role
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.notices.enums import Channel, DeliveryState, NoticeKind
from portal.notices.jobs import deliver_notices

LOCK = 7405  # an advisory lock: a second run at the same time waits, and then finds nothing to do
DAYS_BEFORE = 7

# The most urgent is written last: the inbox shows it first.
REMIND = """
    WITH due AS (
        SELECT rectification.*, rectification.deadline - %(today)s AS days
        FROM assessments_rectification rectification
        JOIN accounts_institution institution ON institution.id = rectification.institution_id
        WHERE rectification.state = %(open)s AND rectification.deadline <= %(today)s + %(days_before)s
          AND institution.is_active
    ), staged AS (
        SELECT due.*,
            CASE WHEN days > 1 THEN '7' WHEN days = 1 THEN '1' WHEN days > -7 THEN '0'
                 ELSE 'overdue-' || (-days / 7) END AS stage
        FROM due
    ), addressed AS (
        SELECT staged.id, membership.user_id
        FROM staged
        JOIN accounts_membership membership
          ON membership.institution_id = staged.institution_id AND membership.is_active
        WHERE membership.role = ANY(%(roles)s) OR (membership.role = %(cio)s AND staged.days <= 0)
        UNION
        SELECT staged.id, membership.user_id
        FROM staged
        JOIN accounts_membership membership
          ON membership.authority_id = staged.authority_id AND membership.is_active
        WHERE staged.days <= -%(escalated_after)s
          AND (membership.role = %(lead)s
               OR (membership.user_id = staged.opened_by_id AND membership.role = ANY(%(reviewers)s)))
    ), told AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, staged.institution_id, %(kind)s,
            'rectification-due:' || staged.id || ':' || staged.deadline || ':' || staged.stage,
            jsonb_build_object('title', staged.title, 'deadline', staged.deadline, 'days', staged.days),
            replace(%(path)s, '0', staged.id::text), now()
        FROM addressed
        JOIN staged ON staged.id = addressed.id
        JOIN accounts_user person ON person.id = addressed.user_id AND person.is_active
        ORDER BY staged.days DESC, staged.id
        ON CONFLICT DO NOTHING
        RETURNING id, split_part(key, ':', 4) AS stage
    ), mailed AS (
        INSERT INTO notices_delivery (notice_id, channel, state, attempts, next_attempt_at, last_error)
        SELECT id, %(channel)s, %(pending)s, 0, now(), '' FROM told
    )
    SELECT stage, count(*) FROM told GROUP BY stage
"""


@transaction.atomic
def send_rectification_reminders(*, today: datetime.date | None = None) -> dict[str, int]:
    """Tell everybody what is due and was not yet told; returns how many notices were written in each stage."""
    today = today or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK])
        cursor.execute(
            REMIND,
            {
                "today": today,
                "days_before": DAYS_BEFORE,
                "escalated_after": ESCALATED_AFTER,
                "open": RectificationState.OPEN,
                "roles": [Role.LIAISON, Role.CONTRIBUTOR],
                "cio": Role.CIO,
                "lead": Role.LEAD_SUPERVISOR,
                "reviewers": REVIEWING_ROLES,
                "kind": NoticeKind.RECTIFICATION_DUE,
                "path": reverse("assessments:rectification", args=[0]),
                "channel": Channel.EMAIL,
                "pending": DeliveryState.PENDING,
            },
        )
        told = dict(cursor.fetchall())
    if told:
        record(action="rectification_reminders.sent", by=None, data={"date": today, "notices": told})
        enqueue(deliver_notices)
    return told
