"""What re-reading the storage found wrong with a file: noted on its row, recorded, and told to people, once."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from portal.accounts.enums import AuthorityKind, Role
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from vault.enums import Fault
from vault.models import StoredFile

logger = logging.getLogger(__name__)


@transaction.atomic
def note(*, stored: StoredFile, fault: Fault, detail: str) -> bool:
    """The bytes at the row's place are missing or changed. Returns whether that is news.

    A file that was moved or deleted while it was read is none.
    """
    locked = _still_there(stored)
    if locked is None:
        return False
    locked.verified_at = timezone.now()
    is_new = locked.fault != fault
    locked.fault = fault
    locked.save(update_fields=["fault", "verified_at"])
    if is_new:
        logger.error("%s of %s at %s:%s: %s", stored.sha256, stored.institution_id, stored.place, stored.path, detail)
        _record("storedfile.fault_found", locked, fault=fault, detail=detail)
        _tell(locked)
    return is_new


@transaction.atomic
def clear(*, stored: StoredFile) -> None:
    """The bytes are what they should be again, such as after a restore."""
    locked = _still_there(stored)
    if locked and locked.fault:
        before, locked.fault = locked.fault, ""
        locked.save(update_fields=["fault"])
        _record("storedfile.fault_cleared", locked, fault=before)


def _still_there(stored: StoredFile) -> StoredFile | None:
    rows = StoredFile.objects.clean().filter(pk=stored.pk, place=stored.place, path=stored.path)
    return rows.select_for_update(of=("self",)).first()


def _record(action: str, stored: StoredFile, **facts: str) -> None:
    place = {"place": stored.place, "path": stored.path, "sha256": stored.sha256}
    record(action=action, by=None, target=stored, institution=stored.institution, data={**place, **facts})


def _tell(stored: StoredFile) -> None:
    """The institution's liaisons and the lead supervisors at headquarters, once a day however many files it is."""
    today = timezone.localdate()
    institution, facts = stored.institution, {"title": stored.name}
    liaisons = {"memberships__institution": institution, "memberships__role": Role.LIAISON}
    leads = {
        "memberships__authority__kind": AuthorityKind.HEADQUARTERS,
        "memberships__role": Role.LEAD_SUPERVISOR,
    }
    for people, key, path in (
        (liaisons, f"fault:{institution.pk}:{today}", stored.get_absolute_url()),
        (leads, f"fault:{today}", ""),
    ):
        notify(
            recipients=User.objects.filter(is_active=True, memberships__is_active=True, **people).distinct(),
            kind=NoticeKind.FILE_FAULT,
            key=key,
            path=path,
            data=facts,
            institution=institution,
        )
