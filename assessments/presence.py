"""Who is writing where in a self-assessment, as the cache knows it: nothing is kept, and a lost cache is silence."""

from __future__ import annotations

from typing import NamedTuple

from django.core.cache import cache

from assessments.division import people_who_fill_in
from assessments.models import SelfAssessment
from portal.accounts.models import User

# A page announces itself every 15 seconds (static/js/presence.js): two may get lost before one counts as gone.
KEPT_FOR_SECONDS = 40


class Present(NamedTuple):
    name: str
    task: int


def announce(self_assessment: SelfAssessment, user: User, task: int) -> None:
    """Say that the user has the page of the task with this number open."""
    cache.set(_key(self_assessment, user.pk), task, KEPT_FOR_SECONDS)


def others_at(self_assessment: SelfAssessment, user: User) -> list[Present]:
    """The colleagues who announced themselves a moment ago."""
    people = {_key(self_assessment, p.pk): p for p in people_who_fill_in(self_assessment) if p.pk != user.pk}
    found = cache.get_many(list(people))
    return [Present(str(person), found[key]) for key, person in people.items() if key in found]


def _key(self_assessment: SelfAssessment, user: int) -> str:
    return f"presence:{self_assessment.pk}:{user}"
