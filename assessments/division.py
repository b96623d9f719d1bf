"""How an institution divides the writing of a self-assessment among its people."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Exists, OuterRef, QuerySet

from assessments.models import Delegation, SelfAssessment
from assessments.overview import Holder, ThemeLines
from portal.accounts.enums import ROLE_PERMISSIONS, Permission
from portal.accounts.models import Membership, User

ROLES_THAT_FILL_IN = [role for role, permissions in ROLE_PERMISSIONS.items() if Permission.FILL_IN in permissions]


def people_who_fill_in(self_assessment: SelfAssessment) -> QuerySet[User]:
    memberships = _filling_in(self_assessment).filter(user=OuterRef("pk"))
    return User.objects.filter(Exists(memberships), is_active=True).order_by("name", "pk")


def holders_of(self_assessment: SelfAssessment, user: User) -> dict[int, Holder]:
    """The holder of each task that was given to somebody, by the task's number."""
    rows = (
        Delegation.objects.visible_to(user)
        .filter(cycle=self_assessment.cycle_id, institution=self_assessment.institution_id)
        .select_related("contributor", "task")
        .annotate(fills_in=Exists(_filling_in(self_assessment).filter(user=OuterRef("contributor"))))
    )
    return {
        row.task.number: Holder(
            str(row.contributor),
            is_mine=row.contributor_id == user.pk,
            is_gone=not (row.fills_in and row.contributor.is_active),
        )
        for row in rows
    }


def _filling_in(self_assessment: SelfAssessment) -> QuerySet[Membership]:
    return Membership.objects.filter(
        institution=self_assessment.institution_id, is_active=True, role__in=ROLES_THAT_FILL_IN
    )


def only_mine(themes: list[ThemeLines]) -> list[ThemeLines]:
    """The tasks that are the reader's, and the themes that have any."""
    own = [replace(theme, tasks=[task for task in theme.tasks if task.is_mine]) for theme in themes]
    return [theme for theme in own if theme.tasks]
