"""Reminders of documents whose validity ends: one notice per person, file and stage, and each of them once.

The stages are 30, 7 and 1 days before the last day of validity, and that day. A stage lasts until the next one,
the last one for a week, so that a morning without a job is made good by the next, and a date long past reminds
nobody. The date is part of a reminder's key: a file with a new date is reminded of anew.
"""

from __future__ import annotations

import datetime
from uuid import UUID

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.notices.enums import Channel, DeliveryState, NoticeKind
from portal.notices.jobs import deliver_notices
from vault.enums import LIVE

DAYS_BEFORE, DAYS_AFTER = 30, 6
NO_FILE = UUID(int=0)

REMIND = """
    WITH staged AS (
        SELECT stored.*, stored.expires_on - %(today)s AS days,
            CASE WHEN stored.expires_on > %(today)s + 7 THEN '30' WHEN stored.expires_on > %(today)s + 1 THEN '7'
                 WHEN stored.expires_on > %(today)s THEN '1' ELSE '0' END AS stage
        FROM vault_storedfile stored
        WHERE stored.state = ANY(%(live)s)
        AND stored.expires_on BETWEEN %(today)s - %(days_after)s AND %(today)s + %(days_before)s
    ), told AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT DISTINCT person.id, institution.id, %(kind)s,
            'expiry:' || staged.id || ':' || staged.expires_on || ':' || staged.stage,
            jsonb_build_object(
                'title', staged.name, 'title_en', staged.name, 'deadline', staged.expires_on, 'days', staged.days
            ),
            replace(%(path)s, %(no_file)s, staged.id::text), now()
        FROM staged
        JOIN accounts_institution institution ON institution.id = staged.institution_id AND institution.is_active
        JOIN accounts_membership membership ON membership.institution_id = institution.id AND membership.is_active
        JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
        WHERE membership.role = ANY(%(roles)s)
        ON CONFLICT DO NOTHING
        RETURNING id, split_part(key, ':', 4) AS stage
    ), mailed AS (
        INSERT INTO notices_delivery (notice_id, channel, state, attempts, next_attempt_at, last_error)
        SELECT id, %(channel)s, %(pending)s, 0, now(), '' FROM told
    )
    SELECT stage, count(*) FROM told GROUP BY stage
"""


@transaction.atomic
def send_expiry_reminders(*, today: datetime.date | None = None) -> dict[str, int]:
    """Tell liaisons and contributors what was not yet told; returns how many notices each stage took.

    A second run at the same time waits for the first, and then finds nothing to do.
    """
    today = today or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('expiry reminders', 0))")
        cursor.execute(
            REMIND,
            {
                "today": today,
                "days_before": DAYS_BEFORE,
                "days_after": DAYS_AFTER,
                "live": [*LIVE],
                "roles": [Role.LIAISON, Role.CONTRIBUTOR],
                "kind": NoticeKind.FILE_EXPIRING,
                "path": reverse("vault:file", args=[NO_FILE]),
                "no_file": str(NO_FILE),
                "channel": Channel.EMAIL,
                "pending": DeliveryState.PENDING,
            },
        )
        told = dict(cursor.fetchall())
    if told:
        record(action="expiry_reminders.sent", by=None, data={"date": today, "notices": told})
        enqueue(deliver_notices)
    return told
