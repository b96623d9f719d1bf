"""Every write on stored files. What is found out about one is in `checking.py`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.enums import Role
from portal.accounts.models import Institution, User
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from vault.arrivals import Arrival
from vault.enums import TRANSITIONS, Finding, Place
from vault.models import Extract, StoredFile
from vault.permissions import can_describe


class StaleDescription(ValidationError):
    """Somebody else described the file while the page was open."""


@transaction.atomic
def receive(*, institution: Institution, arrival: Arrival, by: User) -> StoredFile:
    """The institution's stored file with that content: the one it has already, or a new one to be checked.

    When the answer's path is not the arrival's, the arrival is the caller's to discard once this is committed.
    """
    from vault.jobs import check_file  # jobs call actions

    stored, is_new = StoredFile.objects.live().get_or_create(
        institution=institution,
        sha256=arrival.sha256,
        defaults={
            "name": arrival.name,
            "content_type": arrival.content_type,
            "size": arrival.size,
            "place": Place.INCOMING,
            "path": arrival.path,
            "uploaded_by": by,
        },
    )
    if is_new:
        record(
            action="storedfile.received",
            by=by,
            target=stored,
            institution=institution,
            data={"name": stored.name, "size": stored.size, "sha256": stored.sha256},
        )
        enqueue(check_file, str(stored.pk))
    return stored


@transaction.atomic
def clear(*, stored: StoredFile, place: Place, path: str, extract: dict[str, Any], **facts: Any) -> StoredFile:
    """The checks let the file pass, and its bytes lie at `path` by now. `facts` are fields such as `sm3`.

    `extract` holds fields of its Extract, none for a file that nothing can read.
    """
    cleared = pass_gate(
        row=stored,
        name="clear",
        moves=TRANSITIONS,
        by=None,
        data={"sha256": stored.sha256, "sm3": facts.get("sm3", ""), "scanner": facts.get("scanner", "")},
        place=place,
        path=path,
        **facts,
    )
    Extract.objects.update_or_create(stored=cleared, defaults=extract)
    return cleared


@transaction.atomic
def refuse(*, stored: StoredFile, finding: Finding, detail: str, **facts: Any) -> StoredFile:
    """The checks did not let the file pass. The row says why; its bytes are the caller's to remove once committed."""
    refused = pass_gate(
        row=stored,
        name="refuse",
        moves=TRANSITIONS,
        by=None,
        data={"sha256": stored.sha256, "finding": finding, "detail": detail},
        finding=finding,
        finding_detail=detail[:300],
        path="",
        **facts,
    )
    _tell(refused)
    return refused


@transaction.atomic
def quarantine(*, stored: StoredFile, path: str, detail: str, **facts: Any) -> StoredFile:
    """Malware was found. The bytes lie in quarantine by now, where nobody is served."""
    quarantined = pass_gate(
        row=stored,
        name="quarantine",
        moves=TRANSITIONS,
        by=None,
        data={"sha256": stored.sha256, "finding": Finding.MALWARE, "detail": detail},
        place=Place.QUARANTINE,
        path=path,
        finding=Finding.MALWARE,
        finding_detail=detail[:300],
        **facts,
    )
    _tell(quarantined)
    return quarantined


def note_scan(*, stored: StoredFile, scanner: str) -> None:
    """A file that was clean is so by today's signatures too."""
    StoredFile.objects.clean().filter(pk=stored.pk).update(scanner=scanner, scanned_at=timezone.now())


def _tell(stored: StoredFile) -> None:
    """Who uploaded the file, and the liaisons of the institution, learn what the checks found."""
    concerned = Q(memberships__role=Role.LIAISON) | Q(pk=stored.uploaded_by_id)
    members = {"memberships__institution": stored.institution_id, "memberships__is_active": True}
    notify(
        recipients=User.objects.filter(concerned, is_active=True, **members).distinct(),
        kind=NoticeKind.FILE_REFUSED,
        key=f"file_{stored.state}:{stored.pk}",
        path=stored.get_absolute_url(),
        data={"title": stored.name, "finding": stored.finding, "detail": stored.finding_detail},
        institution=stored.institution,
    )


@transaction.atomic
def describe(
    *, stored: StoredFile, tags: Sequence[str], expires_on: datetime.date | None, seen: str, by: User
) -> StoredFile:
    """Set the tags and the last day of validity. `seen` is the `description` that the person's page showed.

    Raises StaleDescription when it is another one by now; nothing is changed then.
    """
    locked = StoredFile.objects.select_for_update(of=("self",)).get(pk=stored.pk)
    check(can_describe(by, locked))
    if locked.description != seen:
        raise StaleDescription(_("他人已先修改了标签或有效期，未保存。请核对下方最新内容后再次保存。"), code="stale")
    locked.tags, locked.expires_on = list(tags), expires_on
    if locked.description != seen:
        locked.save(update_fields=["tags", "expires_on"])
        record(
            action="storedfile.described",
            by=by,
            target=locked,
            institution=locked.institution,
            data={"sha256": locked.sha256, "tags": tags, "expires_on": expires_on, "before": seen},
        )
    return locked
