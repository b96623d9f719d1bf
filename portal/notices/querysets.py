from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import Now

from portal.notices.enums import DeliveryState


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(recipient=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class RouteQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """How a person is told is theirs alone to see and to set."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class DeliveryQuerySet(models.QuerySet):
    def due(self) -> Self:
        """Waiting to be sent now, and in nobody's hands."""
        return self.filter(state=DeliveryState.PENDING, claimed_by=None, next_attempt_at__lte=Now())

    def in_trouble(self, state: str) -> Self:
        """What was given up or came back, newest first, with whom it was for."""
        related = ["notice__recipient", "notice__institution", "invitation__institution", "invitation__authority"]
        return self.filter(state=state).select_related(*related).order_by("-pk")
