from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from portal.notices.enums import DeliveryState


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(recipient=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class DeliveryQuerySet(models.QuerySet):
    def due(self) -> Self:
        """Waiting to be sent now: new, to be tried again, or left behind by a worker that died."""
        return self.filter(state=DeliveryState.PENDING, next_attempt_at__lte=timezone.now())
