"""The outbox: what people are told, and what became of each delivery. Rows, not queues: Redis may be lost."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.notices import texts
from portal.notices.enums import Channel, DeliveryState, NoticeKind
from portal.notices.querysets import DeliveryQuerySet, NoticeQuerySet


class Notice(models.Model):
    """One person told of one event, once: `key` names the event and is unique for its recipient."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    institution = models.ForeignKey(
        "accounts.Institution", null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
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
        return texts.due_on(self.data) if self.kind in texts.REMINDERS else None

    @property
    def due_is_official(self) -> bool:
        return self.data.get("is_official", True)


class Delivery(models.Model):
    """One notice, or one invitation, on its way through one channel outside the portal.

    A pending row is the queue: `next_attempt_at` is when it is due, or while a worker holds it, when another
    may take it up.
    """

    notice = models.ForeignKey(Notice, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries")
    invitation = models.ForeignKey(
        "accounts.Invitation", null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.EMAIL)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_per_channel"),
            models.UniqueConstraint(fields=["invitation", "channel"], name="delivery_of_invitation_once"),
            models.CheckConstraint(
                name="delivery_of_one_thing",
                condition=Q(notice__isnull=False, invitation=None) | Q(notice=None, invitation__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_sent_has_time",
                condition=Q(state=DeliveryState.SENT, sent_at__isnull=False)
                | (~Q(state=DeliveryState.SENT) & Q(sent_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=DeliveryState.PENDING), name="delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"
