"""Reminders of deadlines: one notice per person, assignment and stage, and each of them once.

The stages are 30, 7 and 1 days before the deadline, the day itself, and every full week overdue. A stage lasts
from its day until the next one takes its place, so that a morning without a job is made good by the next. The
deadline is part of a reminder's key: work with a new deadline is reminded of anew.
"""

from __future__ import annotations

import datetime

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.notices.enums import Channel, DeliveryState, NoticeKind
from portal.notices.jobs import deliver_notices
from tasks.enums import CLOSED, AssignmentState

REMINDERS_LOCK = 7402  # an advisory lock: a second run at the same time waits, and then finds nothing to do
DAYS_BEFORE = 30

# Work that was signed waits for the supervisor, so nobody in the institution is reminded of it. The CIO hears of
# what is overdue, and of what waits for a signature. The most urgent is written last: the inbox shows it first.
REMIND = """
    WITH due AS (
        SELECT assignment.*, assignment.deadline - %(today)s AS days
        FROM tasks_assignment assignment
        WHERE state <> ALL(%(done)s) AND deadline <= %(today)s + %(days_before)s
    ), staged AS (
        SELECT due.*,
            CASE WHEN days > 7 THEN '30' WHEN days > 1 THEN '7' WHEN days = 1 THEN '1' WHEN days > -7 THEN '0'
                 ELSE 'overdue-' || (-days / 7) END AS stage
        FROM due
    ), told AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, institution.id, %(kind)s,
            'reminder:' || staged.id || ':' || staged.deadline || ':' || staged.stage,
            jsonb_build_object(
                'number', task.number, 'title', task.title, 'title_en', task.title_en,
                'deadline', staged.deadline, 'is_official', staged.deadline_is_official, 'days', staged.days
            ),
            replace(%(path)s, '0', staged.id::text), now()
        FROM staged
        JOIN plan_task task ON task.id = staged.task_id
        JOIN accounts_institution institution ON institution.id = staged.institution_id AND institution.is_active
        JOIN accounts_membership membership ON membership.institution_id = institution.id AND membership.is_active
        JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
        WHERE membership.role = ANY(%(roles)s)
           OR (membership.role = %(cio)s AND (staged.stage LIKE 'overdue-%%' OR staged.state = %(waiting)s))
        ORDER BY staged.days DESC
        ON CONFLICT DO NOTHING
        RETURNING id, split_part(key, ':', 4) AS stage
    ), mailed AS (
        INSERT INTO notices_delivery (notice_id, channel, state, attempts, next_attempt_at, last_error)
        SELECT id, %(channel)s, %(pending)s, 0, now(), '' FROM told
    )
    SELECT stage, count(*) FROM told GROUP BY stage
"""


@transaction.atomic
def send_reminders(*, today: datetime.date | None = None) -> dict[str, int]:
    """Tell everybody what is due and was not yet told; returns how many notices were written in each stage."""
    today = today or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [REMINDERS_LOCK])
        cursor.execute(
            REMIND,
            {
                "today": today,
                "days_before": DAYS_BEFORE,
                "done": [*CLOSED, AssignmentState.SUBMITTED],
                "waiting": AssignmentState.AWAITING_SIGNATURE,
                "roles": [Role.LIAISON, Role.CONTRIBUTOR],
                "cio": Role.CIO,
                "kind": NoticeKind.REMINDER,
                "path": reverse("tasks:detail", args=[0]),
                "channel": Channel.EMAIL,
                "pending": DeliveryState.PENDING,
            },
        )
        told = dict(cursor.fetchall())
    if told:
        record(action="reminders.sent", by=None, data={"date": today, "notices": told})
        enqueue(deliver_notices)
    return told
