"""Plan the day's reminders: one statement a subject writes notices, deliveries and escalations, each of them once.

The key of a notice holds the deadline: what has a new deadline is reminded of anew. People of the institution get a
notice for each matter; supervisors get one for all that came to a stage, since their scope may be the industry.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.querysets import SUPERVISE
from portal.audit.actions import record
from portal.notices.enums import INSIDE, SUPERVISING, NoticeKind
from portal.notices.models import ReminderRun
from portal.notices.outside import NEAR_DAYS, OUTSIDE, parameters
from portal.notices.reminders.stages import CIO_IN_TURN, latest_of, tracks
from portal.notices.reminders.subjects import SUBJECTS, Subject, all_stages

# The most urgent is written last: the inbox shows it first.
PLAN = """
    WITH stage AS (
        SELECT * FROM unnest(
            %(plans)s::bigint[], %(tasks)s::bigint[], %(addressees)s::text[], %(labels)s::text[], %(lows)s::date[],
            %(highs)s::date[], %(offsets)s::int[], %(everies)s::int[], %(idles)s::int[]
        ) AS stage(plan_id, task_id, addressee, label, low, high, days_after, every, idle_days)
    ), item AS (
        {rows}
    ), staged AS (
        SELECT item.id, item.institution_id, item.authority_id, item.handler_id, item.plan_id, item.deadline,
            item.facts, item.path, item.deadline - %(today)s AS days, stage.addressee,
            stage.label || CASE WHEN stage.every = 0 THEN ''
                ELSE '.' || stage.days_after
                    + (%(today)s - item.deadline - stage.days_after) / stage.every * stage.every END AS label
        FROM item
        JOIN stage ON stage.plan_id = coalesce(item.plan_id, 0) AND stage.task_id = coalesce(item.task_id, 0)
            AND item.deadline > stage.low AND item.deadline <= stage.high
        WHERE CASE stage.addressee
                WHEN %(cio_in_turn)s THEN item.cios_turn WHEN %(cio)s THEN NOT item.cios_turn ELSE true END
        AND CASE WHEN stage.idle_days IS NULL THEN true
                ELSE coalesce(item.acted_at < %(midnight)s - stage.idle_days * interval '1 day', true) END
    ), noticed AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, staged.institution_id, %(kind)s,
            %(name)s || ':' || staged.id || ':' || staged.deadline || ':' || staged.label,
            staged.facts || jsonb_build_object('deadline', staged.deadline, 'days', staged.days),
            staged.path, now()
        FROM staged
        JOIN accounts_institution institution ON institution.id = staged.institution_id AND institution.is_active
        JOIN accounts_membership membership ON membership.institution_id = staged.institution_id
            AND membership.is_active
            AND membership.role = CASE staged.addressee WHEN %(cio_in_turn)s THEN %(cio)s ELSE staged.addressee END
        JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
        WHERE staged.addressee = ANY(%(inside)s)
        ORDER BY staged.days DESC, staged.id
        ON CONFLICT DO NOTHING
        RETURNING id, recipient_id, split_part(key, ':', 4) AS label, (data->>'days')::int <= %(near)s AS is_near
    ), escalated AS (
        INSERT INTO notices_escalation (institution_id, kind, key, created_at)
        SELECT staged.institution_id, %(kind)s,
            %(name)s || ':' || staged.id || ':' || staged.deadline || ':' || staged.label || ':' || staged.addressee,
            now()
        FROM staged
        JOIN accounts_institution institution ON institution.id = staged.institution_id AND institution.is_active
        WHERE staged.addressee = ANY(%(supervising)s)
        ON CONFLICT DO NOTHING
        RETURNING id, key
    ), reported AS (
        SELECT membership.user_id, escalated.id AS escalation_id, staged.*
        FROM escalated
        JOIN staged ON staged.addressee = ANY(%(supervising)s)
            AND staged.id = split_part(escalated.key, ':', 2) AND staged.addressee = split_part(escalated.key, ':', 5)
        JOIN accounts_membership membership ON membership.is_active AND membership.role = staged.addressee
            AND (staged.handler_id IS NULL OR staged.addressee <> %(supervisor)s
                 OR membership.user_id = staged.handler_id)
            AND membership.authority_id IN (
                SELECT staged.authority_id WHERE staged.authority_id IS NOT NULL
                UNION ALL
                SELECT authority.id
                FROM accounts_institutiongroupobjectpermission granted
                JOIN accounts_authority authority ON authority.group_id = granted.group_id
                WHERE staged.authority_id IS NULL AND granted.content_object_id = staged.institution_id
                AND granted.permission_id = (
                    SELECT permission.id FROM auth_permission permission
                    JOIN django_content_type type ON type.id = permission.content_type_id
                    WHERE permission.codename = %(supervise)s AND type.app_label = 'accounts'
                )
            )
    ), summed AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, CASE WHEN count(DISTINCT reported.institution_id) = 1 THEN min(reported.institution_id) END,
            %(escalated)s, 'escalated:' || %(name)s || ':' || min(reported.escalation_id),
            (array_agg(reported.facts ORDER BY reported.days, reported.id))[1] || jsonb_build_object(
                'subject', %(kind)s, 'count', count(DISTINCT reported.id),
                'institutions', count(DISTINCT reported.institution_id), 'days', min(reported.days),
                'deadline', min(reported.deadline)
            ),
            CASE WHEN count(DISTINCT reported.id) = 1 THEN min(reported.path) ELSE %(list)s END, now()
        FROM reported
        JOIN accounts_user person ON person.id = reported.user_id AND person.is_active
        GROUP BY person.id, reported.plan_id
        ON CONFLICT DO NOTHING
        RETURNING id, recipient_id, %(escalated)s AS label, true AS is_near
    ), told AS (
        SELECT * FROM noticed UNION ALL SELECT * FROM summed
    ), mailed AS (
        {outside}
    )
    SELECT label, count(*) FROM told GROUP BY label
"""


@transaction.atomic
def plan_reminders(subject: Subject, *, today: datetime.date) -> dict[str, int]:
    """Tell everybody what is due and was not yet told; returns how many notices were written at each stage.

    A second run at the same time waits for the first, and then finds nothing to do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"reminders:{subject.name}"])
        statement, values = planning_of(subject, today)
        cursor.execute(statement, values)
        told = dict(cursor.fetchall())
    run, _created = ReminderRun.objects.get_or_create(kind=subject.kind, day=today)
    run.told += sum(told.values())
    run.ended_at = timezone.now()
    run.save()
    if told:
        record(action="reminders.sent", by=None, data={"subject": subject.name, "date": today, "notices": told})
    return told


def plan_all(*, today: datetime.date) -> dict[NoticeKind, dict[str, int]]:
    """Every subject's reminders, each in a transaction of its own."""
    return {kind: plan_reminders(subject, today=today) for kind, subject in SUBJECTS.items()}


def planning_of(subject: Subject, today: datetime.date) -> tuple[str, dict[str, Any]]:
    """The statement that plans a day, and its values."""
    rules = subject.rules()
    rows = [
        (
            plan_id or 0,
            task_id or 0,
            track.addressee,
            stage.label,
            low,
            high,
            stage.offset,
            stage.every,
            stage.idle_days,
        )
        for (plan_id, task_id), stages in rules.items()
        for track in tracks(stages)
        for stage, low, high in track.stages_on(today)
    ]
    columns = ("plans", "tasks", "addressees", "labels", "lows", "highs", "offsets", "everies", "idles")
    values = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
    values |= {
        "today": today,
        "midnight": timezone.make_aware(datetime.datetime.combine(today, datetime.time())),
        "latest": latest_of(all_stages(rules), today),
        "near": NEAR_DAYS,
        "kind": subject.kind,
        "name": subject.name,
        "escalated": NoticeKind.ESCALATED,
        "inside": [*INSIDE, CIO_IN_TURN],
        "supervising": [*SUPERVISING],
        "supervisor": SUPERVISING[0],
        "cio": INSIDE[-1],
        "cio_in_turn": CIO_IN_TURN,
        "supervise": SUPERVISE,
        "list": reverse(subject.listed_at),
    }
    statement = PLAN.format(rows=subject.select(), outside=OUTSIDE)
    return statement, values | subject.parameters() | parameters(subject.kind)
