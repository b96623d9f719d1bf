"""Two messages of the last weeks from a regional office, and what became of what was sent: most of it arrived.

Mail servers' answers are invented, in the domains of documentation.
"""

from __future__ import annotations

import datetime
import random

from django.utils import timezone, translation

from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.models import Delivery, Notice
from portal.shell.demo.moments import DAY, REVIEWED, WRITTEN, Day, at
from tasks.models import UrgedInstitution, Urging
from tasks.urging import Selection, facts_of, tell
from tasks.urging_texts import Template, message_of

SENDER = "supervisor@shanghai.example"
BOUNCES, FAILS = "group@sec01.example", "contributor@sec02.example"
READ = 0.7
D = DeliveryState


def write_urgings(*, today: Day, rng: random.Random) -> None:
    """What is overdue in the office's scope twelve days ago, and five days ago a word to everybody."""
    sender = User.objects.get(email=SENDER)
    membership = sender.memberships.get()
    overdue = Selection(sender, membership, lambda rows: rows.overdue(today), {"overdue": ["1"]})
    everybody = Selection(sender, membership, lambda rows: rows, is_about_tasks=False)
    with translation.override("zh-hans"):
        _write(overdue, Template.OVERDUE, at(today - 12 * DAY, WRITTEN, rng))
        _write(everybody, Template.GENERAL, at(today - 5 * DAY, REVIEWED, rng))
    for delivery in Delivery.objects.filter(notice__kind=NoticeKind.URGED).select_related("notice__recipient"):
        _settle(delivery, delivery.notice.created_at, rng)
        if rng.random() < READ:
            moment = delivery.notice.created_at + datetime.timedelta(minutes=rng.randint(5, 900))
            Notice.objects.filter(pk=delivery.notice_id).update(read_at=moment)


def _write(selection: Selection, template: Template, moment: datetime.datetime) -> None:
    message, roles = message_of(template), [Role.LIAISON.value, Role.CONTRIBUTOR.value]
    chosen = list(selection.chosen())
    people = {row.institution.pk: selection.people(roles).filter(institution=row.institution).count() for row in chosen}
    urging = Urging.objects.create(
        authority=selection.authority,
        by=selection.by,
        subject=message.subject,
        text=message.text,
        roles=roles,
        filters=dict(selection.filters),
        assignments=sum(len(row.assignments) for row in chosen),
        institutions=len(chosen),
        people=sum(people.values()),
        created_at=moment,
    )
    UrgedInstitution.objects.bulk_create(
        UrgedInstitution(
            urging=urging,
            institution=row.institution,
            assignments=row.assignments,
            facts=facts_of(row, selection=selection, subject=message.subject, text=message.text),
            people=people[row.institution.pk],
        )
        for row in chosen
    )
    tell(urging)
    record(action="urging.sent", by=selection.by, target=urging, data={"institutions": urging.institutions})


def settle_failures(*, rng: random.Random) -> None:
    """This morning's mail to the two who cannot be reached came to nothing as well."""
    unreached = Delivery.objects.filter(state=D.PENDING, notice__recipient__email__in=[BOUNCES, FAILS])
    for delivery in unreached.select_related("notice__recipient"):
        _settle(delivery, timezone.now(), rng)


def _settle(delivery: Delivery, moment: datetime.datetime, rng: random.Random) -> None:
    address = delivery.notice.recipient.email
    host = address.split("@")[1]
    delivery.address, delivery.attempts = address, 1
    if address == FAILS:
        delivery.state, delivery.attempts = D.PARKED, 8
        delivery.last_error = f"421 4.3.2 mx1.{host} Service not available, closing channel"
    else:
        delivery.state, delivery.sent_at = D.SENT, moment + datetime.timedelta(seconds=rng.randint(2, 50))
        delivery.message_id = f"<{rng.getrandbits(64):016x}@portal.example>"
        delivery.answer = f"250 2.0.0 Ok: queued as {rng.getrandbits(44):011X}"
    if address == BOUNCES:
        delivery.state, delivery.bounced_at = D.BOUNCED, delivery.sent_at + datetime.timedelta(seconds=70)
        delivery.last_error = f"550 5.1.1 <{address}>: Recipient address rejected: User unknown (mx1.{host})"
    delivery.save()
