"""Who writes which task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from assessments.models import Delegation
from plan.models import Task
from portal.accounts.models import User


class DelegationForm(forms.Form):
    """One choice of a person for each task; somebody who has left stays as chosen until another is."""

    def __init__(
        self, *args: Any, tasks: Iterable[Task], people: Iterable[User], given: Mapping[int, Delegation], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("不指定")), *((person.pk, str(person)) for person in people)]
        present = {value for value, _name in choices}
        for task in tasks:
            holder = given[task.pk].contributor if task.pk in given else None
            gone = []
            if holder and holder.pk not in present:
                gone = [(holder.pk, _("%(name)s（待重新分派）") % {"name": holder})]
            self.fields[f"task_{task.pk}"] = forms.TypedChoiceField(
                label=_("任务 %(number)s 的填报人") % {"number": task.number},
                choices=[*gone, *choices],
                coerce=int,
                empty_value=None,
                required=False,
                initial=holder.pk if holder else "",
            )

    def field_of(self, task: Task) -> BoundField:
        return self[f"task_{task.pk}"]

    @property
    def holders(self) -> dict[int, int | None]:
        """The person chosen for each task, both by id."""
        return {int(name.removeprefix("task_")): person for name, person in self.cleaned_data.items()}
