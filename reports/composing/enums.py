"""States of a composition."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.gate import Move


class CompositionState(TextChoices):
    COMPOSING = "composing", _("编制中")
    APPROVED = "approved", _("已批准")
    DISCARDED = "discarded", _("已废弃")


S = CompositionState

# An approval can't be undone: what was numbered has left the house.
TRANSITIONS = {
    "approve": Move(frozenset({S.COMPOSING}), S.APPROVED, "approved_at"),
    "discard": Move(frozenset({S.COMPOSING}), S.DISCARDED, "discarded_at"),
}
