"""Who works there, who has been invited, and who supervises it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from portal.accounts.enums import Role
from portal.accounts.models import Authority, Invitation, Membership
from portal.audit.models import AuditEvent
from portal.notices.told import people_out_of_reach
from reports.profile.seen import Seen

CONTACTS = (Role.CIO, Role.LIAISON)
SHOWN = 12


@dataclass(frozen=True)
class People:
    """Those of today. `last_activity` is when somebody of them last did something that was recorded by the day."""

    authorities: list[Authority]
    members: list[Membership]
    invitations: list[Invitation]
    out_of_reach: set[int]
    last_activity: datetime.datetime | None

    @property
    def contacts(self) -> list[tuple[str, list[Membership]]]:
        """Those a visitor turns to, by role; a role that nobody has is there, too."""
        return [(str(role.label), [m for m in self.members if m.role == role]) for role in CONTACTS]

    @property
    def shown(self) -> list[Membership]:
        return self.members[:SHOWN]

    @property
    def others(self) -> list[Membership]:
        return self.members[SHOWN:]


def people_of(seen: Seen) -> People:
    institution = seen.institution
    members = Membership.objects.visible_to(seen.user).filter(institution=institution, is_active=True)
    events = AuditEvent.objects.visible_to(seen.user, acting=seen.membership).filter(institution=institution)
    if seen.until:
        events = events.filter(at__lt=seen.until)
    colleagues = institution.memberships.values("user")
    return People(
        authorities=list(Authority.objects.supervising(institution)),
        members=list(members.select_related("user").order_by("role", "user__name", "pk")),
        invitations=list(institution.invitations.unanswered()),
        out_of_reach=people_out_of_reach(seen.user, seen.membership, institution),
        last_activity=events.filter(actor__in=colleagues).order_by("-pk").values_list("at", flat=True).first(),
    )
