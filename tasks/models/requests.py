"""What an institution asks of its supervisor for an assignment: a later deadline, or to be exempt from it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.text_search import Bigrams, Names
from tasks.enums import RequestKind, RequestState
from tasks.models.assignments import Assignment
from tasks.models.evidence import Evidence
from tasks.querysets import ChangeRequestQuerySet

K = RequestKind
S = RequestState


class ChangeRequest(models.Model):
    """A request for an extension (延期) or for 不适用, with its reason, files and decision.

    `old_deadline` is what held when it was made: granted or not, history shows it. `new_deadline` is what was asked
    for, `granted_deadline` what was granted: that day or an earlier one.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="change_requests")
    kind = models.CharField(_("申请类型"), max_length=20, choices=K.choices)
    reason = models.TextField(_("申请理由"))
    old_deadline = models.DateField(_("原期限"))
    new_deadline = models.DateField(_("申请延至"), null=True, blank=True)
    granted_deadline = models.DateField(_("同意延至"), null=True, blank=True)
    evidence = models.ManyToManyField(Evidence, blank=True, related_name="change_requests")
    state = models.CharField(_("状态"), max_length=10, choices=S.choices, default=S.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    authority = models.ForeignKey(
        "accounts.Authority", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(_("审批意见"), blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "kind"], condition=Q(state=S.PENDING), name="change_request_one_pending"
            ),
            models.CheckConstraint(
                name="change_request_asks_for_something",
                condition=Q(kind=K.EXTENSION, new_deadline__gt=F("old_deadline"))
                | Q(kind=K.NOT_APPLICABLE, new_deadline=None),
            ),
            models.CheckConstraint(name="change_request_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="change_request_state_has_its_time",
                condition=Q(state=S.PENDING, decided_at=None, withdrawn_at=None)
                | Q(state__in=[S.GRANTED, S.DECLINED], decided_at__isnull=False, decided_by__isnull=False)
                | Q(state=S.WITHDRAWN, withdrawn_at__isnull=False),
            ),
            models.CheckConstraint(
                name="change_request_grants_a_deadline",
                condition=Q(
                    kind=K.EXTENSION,
                    state=S.GRANTED,
                    granted_deadline__gt=F("old_deadline"),
                    granted_deadline__lte=F("new_deadline"),
                )
                | (~Q(kind=K.EXTENSION, state=S.GRANTED) & Q(granted_deadline=None)),
            ),
            models.CheckConstraint(
                name="change_request_decline_says_why", condition=~Q(state=S.DECLINED) | ~Q(decision="")
            ),
        ]
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(state=S.PENDING), name="change_request_pending"),
            models.Index(fields=["state", "requested_at", "id"], name="change_request_by_state"),
            GinIndex(Bigrams(Names("reason", "decision")), name="change_request_words"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.assignment}"

    def get_absolute_url(self) -> str:
        return reverse("tasks:request", args=[self.pk])

    @property
    def institution(self):
        return self.assignment.institution

    @property
    def is_pending(self) -> bool:
        return self.state == S.PENDING

    @property
    def is_extension(self) -> bool:
        return self.kind == K.EXTENSION

    @property
    def is_late(self) -> bool:
        """Whether it was made after the deadline it is about: it is decided on all the same."""
        return timezone.localdate(self.requested_at) > self.old_deadline
