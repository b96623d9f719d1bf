"""Evidence, uploads of it, and who read it."""

from __future__ import annotations

import datetime
from typing import Self

from django.db.models import Case, F, Manager, Q, Value, When
from django.db.models.lookups import Contains

from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from portal.bigrams import folded
from portal.text_search import Folded, Names, looked_up, named
from vault.enums import FileState
from vault.querysets import says


class EvidenceQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Supervisors see a file once it is frozen: the CIO signed something that holds it, or a request has it."""
        if not user.is_authenticated:
            return self.none()
        own = Q(has_permission_on("institution", user, BELONG, acting=acting))
        signed = Q(has_permission_on("institution", user, SUPERVISE, acting=acting), frozen_at__isnull=False)
        if acting:
            return self.filter(signed if acting.is_supervising else own)
        return self.filter(own | signed)

    def current(self, until: datetime.datetime | None = None) -> Self:
        """Neither withdrawn nor replaced by a later version, now or at the moment `until`."""
        if until is None:
            return self.filter(withdrawn_at=None, superseded_at=None)
        return self.filter(
            Q(withdrawn_at=None) | Q(withdrawn_at__gte=until),
            Q(superseded_at=None) | Q(superseded_at__gte=until),
            uploaded_at__lt=until,
        )

    def checked(self) -> Self:
        """What may be handed in: the checks let the file pass."""
        return self.filter(stored__state=FileState.CLEAN)

    def search(self, text: str) -> Self:
        """By the name it was put forward under, or by what it says; of a common word some of the files only."""
        return looked_up(self, named(Names("original_name"), folded(text)), says(text, "stored__extract"))

    def by_name_first(self, words: str) -> Self:
        """Those whose names hold the folded words before the others, and of each the newest first."""
        in_name = When(Contains(Folded("original_name"), words), then=Value(0))
        return self.order_by(Case(in_name, default=Value(1)), "-uploaded_at", "-pk")

    def by_requirement(self) -> Self:
        return self.order_by(F("requirement__number"), "uploaded_at", "pk")


class EvidenceManager(Manager.from_queryset(EvidenceQuerySet)):  # type: ignore[misc]  # a class made by a call
    """A row of evidence says little without its stored file, so it comes with it."""

    def get_queryset(self) -> EvidenceQuerySet:
        return super().get_queryset().select_related("stored")


class EvidenceUploadQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """An upload is its beginner's alone, as long as they belong to the institution."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting), started_by=user)


class AccessQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """The log of an institution's files is the institution's to read."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))
