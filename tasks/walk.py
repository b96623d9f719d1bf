"""The files beside one: those that were signed with it, or those of the same task. One steps through them in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from tasks.models import Evidence, Submission


@dataclass(frozen=True)
class Step:
    name: str
    reference: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Walk:
    """`back_url` leads to where the files are judged or worked on; `title` and `back_label` are words for the page."""

    title: str
    steps: list[Step]
    back_url: str
    back_label: str

    @property
    def position(self) -> int:
        """Which one it is, from 1 on; 0 for a file that has been replaced or withdrawn since."""
        return next((number for number, step in enumerate(self.steps, 1) if step.is_current), 0)

    @property
    def previous(self) -> Step | None:
        return self.steps[self.position - 2] if self.position > 1 else None

    @property
    def next(self) -> Step | None:
        return self.steps[self.position] if 0 < self.position < len(self.steps) else None


def through_submission(submission: Submission, evidence: Evidence, user: User, query: str = "") -> Walk:
    """The submission's files as they were signed. `query` is what the review was opened with, and goes along."""
    within = "&".join(filter(None, [f"submission={submission.pk}", query]))
    if user.belongs_to(evidence.institution_id):
        back_url, back_label = evidence.assignment.get_absolute_url(), _("返回任务")
    else:
        review = reverse("assessments:review_submission", args=[submission.pk])
        back_url, back_label = f"{review}?{query}".rstrip("?"), _("返回审核")
    return Walk(
        _("第 %(number)s 次报送的材料") % {"number": submission.number},
        signed_steps(submission.content["requirements"], evidence, lambda pk: f"{page_of(pk)}?{within}"),
        back_url,
        back_label,
    )


def through_assignment(evidence: Evidence, user: User) -> Walk:
    """The task's files as they are now, in the plan's order; of those, a supervisor sees what was signed."""
    rows = Evidence.objects.visible_to(user).filter(assignment=evidence.assignment_id).current().by_requirement()
    files = rows.values_list("pk", "original_name", "requirement__task__number", "requirement__number")
    return Walk(
        _("本任务的材料"),
        [
            Step(name, f"{task}.{number}", page_of(pk), is_current=pk == evidence.pk)
            for pk, name, task, number in files.iterator()
        ],
        evidence.assignment.get_absolute_url(),
        _("返回任务"),
    )


def signed_steps(requirements: Iterable[dict[str, Any]], evidence: Evidence, url: Callable[[str], str]) -> list[Step]:
    """A file that answers several requirements comes once, with the first of them."""
    first: dict[str, Step] = {}
    for requirement in requirements:
        for file in requirement["evidence"]:
            pk = file["id"]
            step = Step(file["name"], requirement["reference"], url(pk), is_current=pk == str(evidence.pk))
            first.setdefault(pk, step)
    return list(first.values())


def page_of(pk: UUID | str) -> str:
    return reverse("tasks:evidence", args=[pk])
