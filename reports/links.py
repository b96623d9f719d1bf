"""The lists behind the figures."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from assessments.models import Cycle
from plan.models import Plan


def tasks_url(plan: Plan, **filters: object) -> str:
    """The list of assignments whose length a figure is: a filter for each of its conditions; a list gives several."""
    return f"{reverse('tasks:list')}?{urlencode({'plan': plan.slug, **filters}, doseq=True)}"


def answers_url(cycle: Cycle, **filters: object) -> str:
    """The list of answers of a cycle whose length a figure is."""
    return f"{reverse('explorer:requirements')}?{urlencode({'cycle': cycle.pk, **filters}, doseq=True)}"
