"""What the proof of delivery says of a notice: who was told, by which way, and what the other side answered.

A mail's address is shown whole to the institution itself, and with its middle hidden to supervisors. A webhook's
address lets whoever knows it write to the group, so nobody is shown it, neither in an answer nor in an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q

from portal.accounts.models import Institution, Membership, User
from portal.notices import texts
from portal.notices.enums import Addressee, Channel
from portal.notices.models import Delivery, Escalation, Notice
from portal.notices.reminders.words import when_of

ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
SECRETS = re.compile(
    r"https?://\S+|(?<=url: )\S+|(?<=host=)[^,)\s]+|\b(?:access_token|key|sign|token)=[^\s&'\")]+", re.I
)
HIDDEN = "***"


@dataclass(frozen=True)
class Sent:
    """A delivery as its reader may see it."""

    delivery: Delivery
    address: str
    answer: str
    error: str


@dataclass(frozen=True)
class Told:
    """`role` is the recipient's in the institution; `has_left`: no longer one of its people."""

    notice: Notice
    role: str
    has_left: bool
    sent: list[Sent]


def with_deliveries(notices):
    """What `told` reads, in a constant number of queries."""
    return notices.select_related("recipient", "institution").prefetch_related("deliveries")


def told(notices: Sequence[Notice], *, is_own: bool) -> list[Told]:
    memberships = {
        (m.user_id, m.institution_id): m
        for m in Membership.objects.filter(
            user__in={notice.recipient_id for notice in notices},
            institution__in={notice.institution_id for notice in notices},
        )
    }
    rows = []
    for notice in notices:
        membership = memberships.get((notice.recipient_id, notice.institution_id))
        rows.append(
            Told(
                notice=notice,
                role=membership.get_role_display() if membership else "",
                has_left=membership is None or not membership.is_active,
                sent=[shown(delivery, is_own=is_own) for delivery in notice.deliveries.all()],
            )
        )
    return rows


def shown(delivery: Delivery, *, is_own: bool) -> Sent:
    if delivery.channel != Channel.EMAIL:
        return Sent(delivery, "", _without_secrets(delivery.answer), _without_secrets(delivery.trouble))
    if is_own:
        return Sent(delivery, delivery.address, delivery.answer, delivery.trouble)
    return Sent(delivery, _masked(delivery.address), _masked(delivery.answer), _masked(delivery.trouble))


def _masked(text: str) -> str:
    """Addresses with all but the first and the last character before the @ hidden."""

    def mask(found: re.Match[str]) -> str:
        name, host = found[0].split("@", 1)
        return f"{name[0]}{HIDDEN}{name[-1] if len(name) > 2 else ''}@{host}"

    return ADDRESS.sub(mask, text)


def _without_secrets(text: str) -> str:
    return SECRETS.sub(HIDDEN, text)


def people_out_of_reach(user: User, acting: Membership, institution: Institution) -> set[int]:
    """The ids of the institution's people to whom the last that was sent on a channel did not arrive."""
    notices = Notice.objects.told_for(user, acting).filter(institution=institution)
    return set(notices.out_of_reach().values_list("recipient", flat=True))


# --- Escalations ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reported:
    """What supervisors were told: the matter, which of them, and at which stage."""

    escalation: Escalation
    matter: str
    deadline: str
    stage: str
    addressee: str


def reported(escalations: Sequence[Escalation]) -> list[Reported]:
    named = _named(escalations)
    rows = []
    for escalation in escalations:
        name, row, deadline, stage, addressee = escalation.key.split(":")
        rows.append(
            Reported(
                escalation=escalation,
                matter=named.get(f"{name}:{row}", ""),
                deadline=deadline,
                stage=when_of(stage),
                addressee=str(Addressee(addressee).label),
            )
        )
    return rows


def _named(escalations: Iterable[Escalation]) -> dict[str, str]:
    """The matters by the beginning of their keys, as the institution's people were told of them."""
    beginnings = {
        (escalation.institution_id, ":".join(escalation.key.split(":")[:2]) + ":") for escalation in escalations
    }
    if not beginnings:
        return {}
    any_of = reduce(or_, (Q(institution=pk, key__startswith=beginning) for pk, beginning in beginnings))
    return {":".join(notice.key.split(":")[:2]): texts.what(notice) for notice in Notice.objects.filter(any_of)}
