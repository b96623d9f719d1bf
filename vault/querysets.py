"""Stored files as their institution sees them. A supervisor reaches one through the evidence that was signed."""

from __future__ import annotations

import datetime
from typing import Self

from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone

from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from portal.bigrams import bigrams, folded
from vault.enums import LIVE, FileState

SUGGESTED_TAGS = 200


def says(text: str, extract: str = "extract") -> Q:
    """Whether a document holds the text. The bigrams find it by their index, the comparison makes sure.

    A single character is no pair and would be in almost every document: it is searched for in names only.
    """
    words = folded(text)
    if len(words) < 2:
        return Q(pk__in=[])
    return Q(**{f"{extract}__bigrams__contains": bigrams(words), f"{extract}__folded__contains": words})


class StoredFileQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))

    def live(self) -> Self:
        """What an institution has: checked, or waiting for its check."""
        return self.filter(state__in=LIVE)

    def clean(self) -> Self:
        return self.filter(state=FileState.CLEAN)

    def waiting(self) -> Self:
        return self.filter(state=FileState.RECEIVED)

    def search(self, text: str) -> Self:
        """By name, or by what the document says. What it says is looked for among these rows only, so that the
        database may begin with them or with the index of bigrams, whichever holds fewer.
        """
        return self.filter(Q(name__icontains=text) | Q(pk__in=self.order_by().filter(says(text)).values("pk")))

    def used(self) -> Self:
        """Put forward for a requirement, and neither withdrawn nor replaced since."""
        return self._with_evidence(evidence__withdrawn_at=None, evidence__superseded_at=None)

    def unused(self) -> Self:
        return self.exclude(pk__in=self.order_by().used().values("pk"))

    def signed(self) -> Self:
        """Part of something that the CIO signed."""
        return self._with_evidence(evidence__frozen_at__isnull=False)

    def of_task(self, number: int) -> Self:
        return self._with_evidence(evidence__assignment__task__number=number)

    def _with_evidence(self, **facts: object) -> Self:
        having = self.model._default_manager.filter(pk=OuterRef("pk"), evidence__isnull=False, **facts)
        return self.filter(Exists(having))

    def expired(self, today: datetime.date | None = None) -> Self:
        """Valid no longer: the last day has passed."""
        return self.filter(expires_on__lt=today or timezone.localdate())

    def expiring(self, days: int) -> Self:
        """Still valid, and for at most so many days more."""
        today = timezone.localdate()
        return self.filter(expires_on__range=(today, today + datetime.timedelta(days=days)))

    def known_tags(self) -> list[str]:
        """The tags on these rows, in order."""
        tags = self.order_by().annotate(tag=Func(F("tags"), function="unnest")).values_list("tag", flat=True)
        return list(tags.distinct().order_by("tag")[:SUGGESTED_TAGS])


class LegalHoldQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Supervisors of the institution; the institution itself is not told."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, SUPERVISE, acting=acting))

    def standing(self) -> Self:
        return self.filter(released_at=None)
