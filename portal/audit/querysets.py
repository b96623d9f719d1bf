from __future__ import annotations

from typing import Self

from django.db import models

from portal.accounts.querysets import InstitutionRowQuerySet


class AuditEventQuerySet(InstitutionRowQuerySet):
    def about(self, target: models.Model) -> Self:
        return self.filter(target_type=target._meta.label_lower, target_id=str(target.pk))
