from __future__ import annotations

from typing import Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from portal.accounts.enums import Permission
from portal.accounts.querysets import SUPERVISE, Held, has_permission_on
from portal.notices.enums import FAILED, SUPERVISORY, DeliveryState


def _proof_of(user, acting) -> tuple[Q, Held]:
    """Of which institutions one sees the proof of delivery: one's own as liaison or CIO, and those of one's scope."""
    memberships = [acting] if acting and acting.user_id == user.pk else user.active_memberships
    own = [m.institution_id for m in memberships if m.institution_id and m.may(Permission.SEE_PROOF)]
    in_scope = has_permission_on("institution", user, SUPERVISE, acting=acting, permission=Permission.SEE_PROOF)
    return Q(institution__in=own), in_scope


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """The recipient's own inbox."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(recipient=user)

    def told_for(self, user, acting=None) -> Self:
        """What the people of institutions were told in their institution's name: who may see the proof of it.

        Liaison and CIO see all of their own institution's; supervisors what was told on behalf of supervision, in
        their scope. What supervisors themselves are told about an institution is in nobody's.
        """
        if not user.is_authenticated:
            return self.none()
        own, in_scope = _proof_of(user, acting)
        people = apps.get_model("accounts", "Membership").objects.filter(
            institution=OuterRef("institution"), user=OuterRef("recipient")
        )
        return self.filter(own | Q(in_scope, kind__in=SUPERVISORY), Exists(people), institution__isnull=False)

    def with_reach(self) -> Self:
        """Annotate `is_sent`, `is_pending` and `is_failed`: what became of it outside, on any channel."""
        deliveries = apps.get_model("notices", "Delivery").objects.filter(notice=OuterRef("pk"))
        return self.annotate(
            is_sent=Exists(deliveries.filter(state=DeliveryState.SENT)),
            is_pending=Exists(deliveries.filter(state=DeliveryState.PENDING)),
            is_failed=Exists(deliveries.filter(state__in=FAILED)),
        )

    def out_of_reach(self) -> Self:
        """What did not arrive, where nothing sent to the person by the same channel did since."""
        return self.filter(pk__in=apps.get_model("notices", "Delivery").objects.failing().values("notice"))

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

    def failing(self) -> Self:
        """The last that failed on a channel for a person in an institution, where nothing has reached them since."""
        later = self.model._default_manager.filter(
            notice__recipient=OuterRef("notice__recipient"), channel=OuterRef("channel"), pk__gt=OuterRef("pk")
        )
        failed = later.filter(notice__institution=OuterRef("notice__institution"), state__in=FAILED)
        return self.filter(
            ~Exists(later.filter(state=DeliveryState.SENT)),
            ~Exists(failed),
            notice__isnull=False,
            state__in=FAILED,
        )

    def in_trouble(self, state: str) -> Self:
        """What was given up or came back, newest first, with whom it was for."""
        related = ["notice__recipient", "notice__institution", "invitation__institution", "invitation__authority"]
        return self.filter(state=state).select_related(*related).order_by("-pk")


class EscalationQuerySet(models.QuerySet):
    def told_for(self, user, acting=None) -> Self:
        """That supervisors were told: the institution's liaison and CIO may know it, and its supervisors."""
        if not user.is_authenticated:
            return self.none()
        own, in_scope = _proof_of(user, acting)
        return self.filter(own | Q(in_scope))
