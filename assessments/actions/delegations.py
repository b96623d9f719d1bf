"""Dividing the tasks of a self-assessment among those who fill in."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.answers import asked_by
from assessments.division import people_who_fill_in
from assessments.models import Delegation, SelfAssessment
from assessments.permissions import can_delegate
from plan.models import Task
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from portal.gate import WrongState
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind


@transaction.atomic
def delegate_tasks(*, self_assessment: SelfAssessment, holders: Mapping[int, int | None], by: User) -> int:
    """Give tasks, by id, to people who fill in, by id, or to nobody in particular; returns how many changed hands.

    Tasks that are not named stay with whom they are. Those newly given tasks are told once, whatever their number;
    who gives tasks to themselves is not told. Raises WrongState once the self-assessment is handed in.
    """
    check(can_delegate(by, self_assessment))
    rows = SelfAssessment.objects.select_for_update(of=("self",), no_key=True).select_related("cycle", "institution")
    self_assessment = rows.get(pk=self_assessment.pk)
    if not self_assessment.is_editable:
        raise WrongState(_("该自评已提交，不能再分派任务。"), code="wrong_state")
    before = {delegation.task_id: delegation.contributor_id for delegation in _delegations(self_assessment)}
    changed = {task: person for task, person in holders.items() if before.get(task) != person}
    tasks = _tasks_asked(self_assessment, changed)
    people = _people(self_assessment, changed)
    if not changed:
        return 0
    _delegations(self_assessment).filter(task__in=changed).delete()
    given = [(tasks[task], people[person]) for task, person in changed.items() if person]
    Delegation.objects.bulk_create(
        Delegation(
            cycle=self_assessment.cycle,
            institution=self_assessment.institution,
            task=task,
            contributor=person,
            delegated_by=by,
        )
        for task, person in given
    )
    record(
        action="self_assessment.delegated",
        by=by,
        target=self_assessment,
        institution=self_assessment.institution,
        data={"tasks": {tasks[task].number: people[person].name if person else "" for task, person in changed.items()}},
    )
    _tell(self_assessment, {person for _task, person in given if person != by})
    return len(changed)


def _delegations(self_assessment: SelfAssessment):
    return Delegation.objects.filter(cycle=self_assessment.cycle_id, institution=self_assessment.institution_id)


def _tasks_asked(self_assessment: SelfAssessment, changed: Mapping[int, int | None]) -> dict[int, Task]:
    tasks = {r.task.pk: r.task for r in asked_by(self_assessment).filter(task__in=changed)}
    if not changed.keys() <= tasks.keys():
        raise ValidationError(_("所选任务中有的不在本次自评范围内。请刷新页面后重试。"), code="task")
    return tasks


def _people(self_assessment: SelfAssessment, changed: Mapping[int, int | None]) -> dict[int, User]:
    chosen = {person for person in changed.values() if person}
    people = people_who_fill_in(self_assessment).in_bulk(chosen)
    if not chosen <= people.keys():
        raise ValidationError(_("所选人员中有的已不是本机构的填报人或联络人。请重新选择。"), code="contributor")
    return people


def _tell(self_assessment: SelfAssessment, people: set[User]) -> None:
    if not people:
        return
    cycle = self_assessment.cycle
    notify(
        recipients=people,
        kind=NoticeKind.DELEGATED,
        key=f"delegated:{self_assessment.pk}:{timezone.now().isoformat()}",
        path=f"{self_assessment.get_absolute_url()}?mine=1",
        institution=self_assessment.institution,
        data={
            "subject": "self_assessment",
            "title": cycle.title,
            "title_en": cycle.title_en,
            "deadline": cycle.due_on.isoformat(),
        },
    )
