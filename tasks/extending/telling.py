"""One notice to each person of an institution, however many of its deadlines moved."""

from __future__ import annotations

from django.db import connection
from django.urls import reverse

from portal.notices.enums import NoticeKind
from portal.notices.outside import OUTSIDE, parameters
from tasks.models import BulkExtension

# `before` and `after` are the days as the notice tells them: when it is undone, the other way round.
TELL = """
    WITH moved AS (
        SELECT assignment.institution_id, count(*) AS number,
            (array_agg(extended.id ORDER BY extended.{after}, extended.id))[1] AS first
        FROM tasks_extendedassignment extended
        JOIN tasks_assignment assignment ON assignment.id = extended.assignment_id
        WHERE extended.extension_id = %(extension)s {only}
        GROUP BY assignment.institution_id
    ), matter AS (
        SELECT moved.institution_id,
            CASE moved.number WHEN 1 THEN replace(%(path)s, '0', extended.assignment_id::text)
                ELSE %(list)s END AS path,
            jsonb_build_object(
                'authority', authority.name, 'authority_en', authority.name_en, 'text', extension.reason,
                'number', task.number, 'title', task.title, 'title_en', task.title_en, 'count', moved.number,
                'old_deadline', extended.{before}, 'deadline', extended.{after}, 'is_official', {official}
            ) AS facts
        FROM moved
        JOIN tasks_extendedassignment extended ON extended.id = moved.first
        JOIN tasks_assignment assignment ON assignment.id = extended.assignment_id
        JOIN plan_task task ON task.id = assignment.task_id
        JOIN tasks_bulkextension extension ON extension.id = extended.extension_id
        JOIN accounts_authority authority ON authority.id = extension.authority_id
    ), noticed AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, matter.institution_id, %(kind)s,
            'extension:' || %(extension)s || ':' || matter.institution_id || ':' || %(kind)s,
            matter.facts, matter.path, now()
        FROM matter
        JOIN accounts_membership membership ON membership.institution_id = matter.institution_id
            AND membership.is_active
        JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
        ON CONFLICT DO NOTHING
        RETURNING id, recipient_id
    ), told AS (
        SELECT id, recipient_id, false AS is_near FROM noticed
    )
    {outside}
"""


def tell_extended(extension: BulkExtension) -> None:
    _tell(
        extension,
        NoticeKind.DEADLINES_EXTENDED,
        TELL.format(before="old_deadline", after="new_deadline", official="true", only="", outside=OUTSIDE),
    )


def tell_undone(extension: BulkExtension) -> None:
    only = "AND extended.undone_at IS NOT NULL"
    statement = TELL.format(
        before="new_deadline", after="old_deadline", official="extended.old_is_official", only=only, outside=OUTSIDE
    )
    _tell(extension, NoticeKind.EXTENSION_UNDONE, statement)


def _tell(extension: BulkExtension, kind: NoticeKind, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "extension": extension.pk,
                "kind": kind,
                "path": reverse("tasks:detail", args=[0]),
                "list": reverse("tasks:list"),
                **parameters(kind),
            },
        )
