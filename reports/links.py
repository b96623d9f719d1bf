"""The lists behind the figures."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from plan.models import Plan


def tasks_url(plan: Plan, **filters: object) -> str:
    """The list of assignments whose length a figure is: a filter for each of its conditions."""
    return f"{reverse('tasks:list')}?{urlencode({'plan': plan.slug, **filters})}"
