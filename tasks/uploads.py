"""Evidence on its way in, piece by piece: begun, continued after a cut connection, finished or given up."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.models import User
from portal.gate import WrongState
from tasks.evidence import Entry, enter
from tasks.models import Assignment, Evidence, EvidenceUpload
from tasks.permissions import can_fill_in
from vault import parts
from vault.arrivals import adopt, announced, no_room

# So that a large upload does not write a row for each of its pieces.
TOUCHED_EVERY = datetime.timedelta(minutes=10)


@transaction.atomic
def begin_upload(
    *,
    assignment: Assignment,
    requirement: Requirement,
    name: str,
    size: int,
    by: User,
    replaces: Evidence | None = None,
) -> EvidenceUpload:
    """Room for a file of `size` bytes. Raises ValidationError for what need not be sent at all, and WrongState."""
    check(can_fill_in(by, assignment))
    if not (assignment.is_editable if replaces else assignment.takes_files):
        raise WrongState(
            _("当前状态为“%(state)s”，不能上传文件。") % {"state": assignment.get_state_display()}, code="wrong_state"
        )
    upload = EvidenceUpload.objects.create(
        institution=assignment.institution,
        assignment=assignment,
        requirement=requirement,
        replaces=replaces,
        name=announced(name, size),
        size=size,
        started_by=by,
    )
    parts.begin(upload.pk)
    return upload


def arrived(upload: EvidenceUpload) -> int:
    """Bytes that need not be sent again. Raises FileNotFoundError when the upload is over.

    The last byte counts only once the file has become evidence: who was cut off just before sends it again.
    """
    return min(parts.length_of(upload.pk), upload.size - 1)


def continue_upload(
    *, upload: EvidenceUpload, piece: parts.Stream, at: int, by: User, sha256: bytes | None = None
) -> tuple[int, Entry | None]:
    """Write the next piece. Returns how far the file has come and, with the last one, what was put forward.

    A file that is refused, or for which the disk has no room, leaves nothing: ValidationError, WrongState. After
    `parts.Busy`, `parts.WrongOffset` and `parts.Damaged` the upload goes on.
    """
    check(can_fill_in(by, upload.assignment))
    with parts.held(upload.pk) as part:
        if at != arrived(upload):
            raise parts.WrongOffset
        try:
            part.append(piece, at=at, room=upload.size - at, sha256=sha256)
            if part.length < upload.size:
                _touch(upload)
                return part.length, None
            return upload.size, _finish(upload, part, by)
        except (ValidationError, PermissionDenied):
            drop(upload)
            raise
        except OSError as error:
            if error.errno not in parts.NO_ROOM:
                raise
            drop(upload)
            raise no_room(upload.name) from error


def _finish(upload: EvidenceUpload, part: parts.Part, by: User) -> Entry:
    entry = enter(
        assignment=upload.assignment,
        requirement=upload.requirement,
        arrival=adopt(part, upload.name),
        by=by,
        replaces=upload.replaces,
    )
    drop(upload)
    return entry


def give_up_upload(*, upload: EvidenceUpload, by: User) -> None:
    check(can_fill_in(by, upload.assignment))
    drop(upload)


def drop(upload: EvidenceUpload) -> None:
    """Leave nothing of it. The row goes first: a file without a row is found by the clean-up."""
    key = upload.pk
    upload.delete()
    parts.remove(key)


def _touch(upload: EvidenceUpload) -> None:
    now = timezone.now()
    if now - upload.touched_at > TOUCHED_EVERY:
        EvidenceUpload.objects.filter(pk=upload.pk).update(touched_at=now)


def clear_stale_uploads(*, now: datetime.datetime | None = None) -> int:
    """Drop uploads that nobody went on with, and files that no upload has any more. Returns how many of both."""
    since = (now or timezone.now()) - datetime.timedelta(hours=settings.EVIDENCE_UPLOAD_HOURS)
    stale = list(EvidenceUpload.objects.filter(touched_at__lt=since))
    for upload in stale:
        drop(upload)
    return len(stale) + _clear_parts(since)


def _clear_parts(since: datetime.datetime) -> int:
    known = {str(pk) for pk in EvidenceUpload.objects.values_list("pk", flat=True)}
    lost = [path for path in parts.all_parts() if path.stem not in known and path.stat().st_mtime < since.timestamp()]
    for path in lost:
        path.unlink(missing_ok=True)
    return len(lost)
