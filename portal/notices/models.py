"""The outbox: what people are told, and what became of each delivery. Rows, not queues: Redis may be lost."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.notices import texts
from portal.notices.enums import REMINDERS, Channel, DeliveryState, Needless, NoticeKind, Pace
from portal.notices.querysets import DeliveryQuerySet, EscalationQuerySet, NoticeQuerySet, RouteQuerySet


class Notice(models.Model):
    """One person told of one event, once: `key` names the event and is unique for its recipient."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    # No index of its own: the first column of notice_of_institution serves.
    institution = models.ForeignKey(
        "accounts.Institution",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notices",
        db_index=False,
    )
    kind = models.CharField(max_length=30, choices=NoticeKind.choices)
    key = models.CharField(max_length=120, help_text="The event, such as reminder:41:7.")
    data = models.JSONField(default=dict, help_text="What the text in the recipient's language is filled with.")
    path = models.CharField(max_length=200, blank=True, help_text="Where in the portal the work is.")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["recipient", "key"], name="notice_once_per_recipient_and_event")]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["institution", "-id"], name="notice_of_institution"),
            models.Index(
                fields=["key"], condition=Q(kind=NoticeKind.URGED), opclasses=["text_pattern_ops"], name="notice_urged"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def subject(self) -> str:
        """One line in the active language."""
        return texts.subject(self)

    @property
    def body(self) -> str:
        """What happened and what to do, in the active language."""
        return texts.body(self)

    @property
    def due_on(self) -> datetime.date | None:
        """The deadline a reminder is about; other notices are about something else."""
        return texts.due_on(self.data) if self.kind in REMINDERS else None

    @property
    def due_is_official(self) -> bool:
        return self.data.get("is_official", True)


class Route(models.Model):
    """A way by which a person is told outside the portal. Who has no active one is told by e-mail, at once.

    `address` is a webhook's URL, empty for e-mail, which goes to the person's own address. `secret`, encrypted, signs
    what a webhook is sent. With `statutory_only` it carries nothing but what the person is obliged to know.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="routes")
    channel = models.CharField(_("方式"), max_length=20, choices=Channel.choices)
    address = models.URLField(_("地址"), max_length=500, blank=True)
    secret = models.TextField(_("密钥"), blank=True)
    pace = models.CharField(_("频率"), max_length=10, choices=Pace.choices, default=Pace.AT_ONCE)
    statutory_only = models.BooleanField(_("只发送期限提醒和监管要求"), default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "channel"], name="route_once_per_channel"),
            models.CheckConstraint(
                name="route_mail_has_no_address",
                condition=Q(channel=Channel.EMAIL, address="") | (~Q(channel=Channel.EMAIL) & ~Q(address="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pace}"


class Delivery(models.Model):
    """One notice, or one invitation, on its way through one channel outside the portal.

    A pending row is the queue: `next_attempt_at` is when it is due. `claimed_by` is the run that has it in its hands
    (`portal.notices.claims`). `address`, `message_id` and `answer` are the proof: whither it went, under which
    identifier, and what the server said.
    """

    # No index of their own: the first column of the unique constraints serves, and each more is written once a mail.
    notice = models.ForeignKey(
        Notice, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    invitation = models.ForeignKey(
        "accounts.Invitation",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_index=False,
    )
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.EMAIL)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_by = models.BigIntegerField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=500, blank=True)
    message_id = models.CharField(max_length=120, blank=True)
    answer = models.TextField(blank=True)
    last_error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_per_channel"),
            models.UniqueConstraint(
                fields=["invitation", "channel"],
                condition=Q(invitation__isnull=False),
                name="delivery_of_invitation_once",
            ),
            models.CheckConstraint(
                name="delivery_of_one_thing",
                condition=Q(notice__isnull=False, invitation=None) | Q(notice=None, invitation__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_sent_has_time",
                condition=Q(state=DeliveryState.SENT, sent_at__isnull=False, bounced_at=None)
                | Q(state=DeliveryState.BOUNCED, sent_at__isnull=False, bounced_at__isnull=False)
                | (~Q(state__in=[DeliveryState.SENT, DeliveryState.BOUNCED]) & Q(sent_at=None, bounced_at=None)),
            ),
            models.CheckConstraint(
                name="delivery_claimed_is_pending",
                condition=Q(claimed_by=None) | Q(state=DeliveryState.PENDING),
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=Q(state=DeliveryState.PENDING, claimed_by=None),
                name="delivery_waiting",
            ),
            # By id: by the run, the planner would read all that a run ever had in hand to find one of its rows.
            models.Index(fields=["id"], condition=Q(claimed_by__isnull=False), name="delivery_claimed"),
            models.Index(fields=["message_id"], condition=~Q(message_id=""), name="delivery_by_message"),
            models.Index(fields=["sent_at"], condition=Q(sent_at__isnull=False), name="delivery_by_time"),
            models.Index(
                fields=["state", "-id"],
                condition=Q(state__in=[DeliveryState.PARKED, DeliveryState.BOUNCED]),
                name="delivery_in_trouble",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"

    @property
    def person_name(self) -> str:
        return self.notice.recipient.name if self.notice else self.invitation.name

    @property
    def body_name(self) -> str:
        body = self.notice.institution if self.notice else self.invitation.body
        return body.local_name if body else ""

    @property
    def subject(self) -> str:
        """One line in the active language."""
        return self.notice.subject if self.notice else str(NoticeKind.INVITATION.label)

    @property
    def trouble(self) -> str:
        """Why it was not sent, in the active language as far as the words are ours."""
        known = dict(Needless.choices)
        return str(known.get(self.last_error, self.last_error))


class Escalation(models.Model):
    """That a stage told the supervisors of an institution's matter, once: `key` names the stage and the addressee.

    Supervisors are told in one notice of all that came to a stage on a day.
    """

    institution = models.ForeignKey("accounts.Institution", on_delete=models.CASCADE, related_name="escalations")
    kind = models.CharField(max_length=30, choices=NoticeKind.choices)
    key = models.CharField(max_length=140, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.key


class ReminderRun(models.Model):
    """That the reminders of a kind were planned for a day; `told` is how many notices that made."""

    kind = models.CharField(max_length=30, choices=NoticeKind.choices)
    day = models.DateField()
    ended_at = models.DateTimeField(default=timezone.now)
    told = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "kind"]
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="reminder_run_once_a_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"
