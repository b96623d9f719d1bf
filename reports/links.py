"""The lists behind the figures."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.urls import reverse

from assessments.models import Cycle
from plan.models import Plan


def tasks_url(plan: Plan, **filters: object) -> str:
    """The list of assignments whose length a figure is: a filter for each of its conditions; a list gives several."""
    return tasks_link(plan)(**filters)


def tasks_link(plan: Plan) -> Callable[..., str]:
    """`tasks_url` for the many figures of one page."""
    whole = f"{reverse('tasks:list')}?{urlencode({'plan': plan.slug})}"

    def link(**filters: object) -> str:
        return f"{whole}&{urlencode(filters, doseq=True)}" if filters else whole

    return link


def answers_url(cycle: Cycle, **filters: object) -> str:
    """The list of answers of a cycle whose length a figure is."""
    return f"{reverse('explorer:requirements')}?{urlencode({'cycle': cycle.pk, **filters}, doseq=True)}"
