"""Legal hold: while one stands, nothing of the institution is deleted.

What is recorded goes to the portal's own ledger, since an institution reads its own and is not told of a hold.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.models import Institution, User
from portal.audit.actions import record
from portal.gate import WrongState
from vault.keeping import keep_still
from vault.models import LegalHold
from vault.permissions import can_manage_retention


@transaction.atomic
def place_hold(*, institution: Institution, reason: str, by: User) -> LegalHold:
    """Raises WrongState when a hold stands already, and ValidationError without a reason."""
    check(can_manage_retention(by, institution.pk))
    if not reason.strip():
        raise ValidationError(_("请填写保全理由。"), code="reason")
    keep_still([institution.pk])
    if LegalHold.objects.standing().filter(institution=institution).exists():
        raise WrongState(_("该机构的材料已在保全中，无需再次设置。"), code="wrong_state")
    hold = LegalHold.objects.create(institution=institution, reason=reason, placed_by=by)
    record(action="legalhold.placed", by=by, target=hold, data={"institution": institution.pk, "reason": reason})
    return hold


@transaction.atomic
def release_hold(*, hold: LegalHold, by: User) -> LegalHold:
    """Raises WrongState when it was released meanwhile."""
    check(can_manage_retention(by, hold.institution_id))
    released = LegalHold.objects.standing().select_for_update(of=("self",)).filter(pk=hold.pk).first()
    if released is None:
        raise WrongState(_("该保全已被解除，无需再次操作。"), code="wrong_state")
    released.released_at, released.released_by = timezone.now(), by
    released.save(update_fields=["released_at", "released_by"])
    record(action="legalhold.released", by=by, target=released, data={"institution": released.institution_id})
    return released
