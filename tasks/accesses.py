"""The access log: who saw or downloaded which version, and when. Its institution reads it."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Collection

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.models import Membership, User
from tasks.enums import AccessKind
from tasks.models import Evidence, EvidenceAccess

ONCE_WITHIN = datetime.timedelta(minutes=10)


def log_request(request: HttpRequest, evidence: Evidence, kind: AccessKind) -> None:
    """Log what this request shows or sends. A HEAD shows nothing."""
    if request.method == "HEAD":
        return
    assert isinstance(request.user, User)
    log_access(
        evidence=evidence,
        by=request.user,
        body=_body_that_may(request.user, request.membership, evidence),
        kind=kind,
        address=address_of(request),
    )


def _body_that_may(user: User, acting: Membership | None, evidence: Evidence) -> str:
    """The body that lets the person see the version: the one acted for, unless only another of theirs does.

    A link in a mail leads there whichever body is acted for. Only for who has several bodies the database is asked.
    """
    memberships = sorted(user.active_memberships, key=lambda membership: membership != acting)
    if len(memberships) > 1:
        version = Evidence.objects.filter(pk=evidence.pk)
        memberships = [m for m in memberships if version.visible_to(user, acting=m).exists()]
    return memberships[0].body.name if memberships else ""


def log_access(*, evidence: Evidence, by: User, body: str, kind: AccessKind, address: str | None) -> None:
    """Write one line, unless the same person did the same with this version within the last ten minutes.

    It is the portal's one write in a GET: what is logged is the reading itself (docs/adr/0007). Viewers of PDF ask
    for a file in many parts, which are one reading.
    """
    if _is_logged(evidence, by, kind):
        return
    with transaction.atomic():
        _one_at_a_time(by, evidence)
        if not _is_logged(evidence, by, kind):
            EvidenceAccess.objects.create(
                institution_id=evidence.institution_id,
                evidence=evidence,
                user=by,
                body=body,
                kind=kind,
                address=address,
            )


def _is_logged(evidence: Evidence, by: User, kind: AccessKind) -> bool:
    since = timezone.now() - ONCE_WITHIN
    return EvidenceAccess.objects.filter(evidence=evidence, user=by, kind=kind, at__gt=since).exists()


@transaction.atomic
def log_package(*, evidence: Collection[str], by: User, body: str) -> None:
    """One line for each version, by its id, that a package holds: who asked for the package has them all."""
    rows = Evidence.objects.filter(pk__in=evidence).values_list("pk", "institution")
    lines = [
        EvidenceAccess(institution_id=institution, evidence_id=pk, user=by, body=body, kind=AccessKind.DOWNLOADED)
        for pk, institution in rows.iterator()
    ]
    EvidenceAccess.objects.bulk_create(lines, batch_size=1000)


def _one_at_a_time(by: User, evidence: Evidence) -> None:
    """Two parts of a file asked for at once are one reading, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"access {by.pk} {evidence.pk}"])


def address_of(request: HttpRequest) -> str | None:
    """Where the request comes from; behind a proxy that the site trusts, what that proxy saw."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXY:
        address = request.META.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:  # a Unix socket has none
        return None
