"""Write notices and their deliveries; who asks for it wakes the workers (`portal.notices.actions.notify`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from portal.accounts.models import User
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from portal.notices.outside import OUTSIDE, parameters

DELIVER = f"""
    WITH told AS (
        SELECT id, recipient_id, false AS is_near FROM notices_notice
        WHERE key = %(key)s AND recipient_id = ANY(%(recipients)s)
    )
    {OUTSIDE}
"""  # noqa: S608 - constants


@transaction.atomic
def tell(
    *,
    recipients: Iterable[User],
    kind: NoticeKind,
    key: str,
    path: str,
    data: dict[str, Any],
    institution=None,
) -> None:
    """Tell each recipient once, in the inbox and as they set it; an event already told is not told again."""
    people = list(recipients)
    notices = [
        Notice(recipient=person, kind=kind, key=key, path=path, data=data, institution=institution) for person in people
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(DELIVER, {"key": key, "recipients": [person.pk for person in people], **parameters(kind)})
