"""The validity of documents, as reminders see it (`portal.notices.reminders`).

A date that passed more than a week ago reminds nobody: the document is kept as proof of what was valid then.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from portal.notices.enums import Addressee, DayUnit, NoticeKind
from portal.notices.reminders.stages import Stage
from portal.notices.reminders.subjects import Rules, Subject
from vault.enums import LIVE

NO_FILE = UUID(int=0)
DAYS_AFTER = 6
STAGES = tuple(
    Stage(offset, DayUnit.CALENDAR, (Addressee.CONTRIBUTOR, Addressee.LIAISON)) for offset in (-30, -7, -1, 0)
)

ROWS = """
    SELECT stored.id::text AS id, stored.institution_id, NULL::bigint AS authority_id, NULL::bigint AS handler_id,
        NULL::bigint AS plan_id, NULL::bigint AS task_id, stored.expires_on AS deadline,
        jsonb_build_object('title', stored.name, 'title_en', stored.name) AS facts,
        replace(%(file_path)s, %(no_file)s, stored.id::text) AS path,
        false AS cios_turn, NULL::timestamptz AS acted_at
    FROM vault_storedfile stored
    WHERE stored.state = ANY(%(live)s)
    AND stored.expires_on BETWEEN %(today)s - %(days_after)s AND %(latest)s {only}
"""


def _parameters() -> dict[str, Any]:
    return {
        "live": [*LIVE],
        "days_after": DAYS_AFTER,
        "file_path": reverse("vault:file", args=[NO_FILE]),
        "no_file": str(NO_FILE),
    }


def _rules() -> Rules:
    return {(None, None): STAGES}


FILES = Subject(
    kind=NoticeKind.FILE_EXPIRING,
    name="expiry",
    rows=ROWS,
    row_id="stored.id",
    parameters=_parameters,
    rules=_rules,
    listed_at="vault:library",
    row_type="uuid",
)
