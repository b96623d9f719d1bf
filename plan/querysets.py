from __future__ import annotations

from typing import Self

from django.db.models import QuerySet

from plan.enums import PART_LEVELS, Part


class PlanDataQuerySet(QuerySet):
    """Rows of a plan. Everybody who has an account may read a plan."""

    def visible_to(self, user) -> Self:
        return self.all() if user.is_authenticated else self.none()


class PlanQuerySet(PlanDataQuerySet):
    def with_contents(self) -> Self:
        """The whole plan, down to requirements and schedules, in a fixed number of queries."""
        return self.prefetch_related("themes__tasks__requirements", "themes__tasks__schedules")


class RequirementQuerySet(PlanDataQuerySet):
    def for_part(self, part: Part | str) -> Self:
        """The requirements that an institution with this part in a task has to answer."""
        return self.filter(level__in=PART_LEVELS[Part(part)])
