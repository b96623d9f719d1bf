"""What one may write when urging: templates in the sender's language, and what is filled in for each institution."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from plan.models import Task

# As they are written in either language, and whether they need a task to speak of.
PLACEHOLDERS = {
    "机构": "institution",
    "任务": "task",
    "项数": "count",
    "期限": "deadline",
    "剩余天数": "days_left",
    "逾期天数": "days_late",
}
OF_ANY = {"institution"}
PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


class Template(TextChoices):
    DUE_SOON = "due_soon", gettext_lazy("临近期限")
    OVERDUE = "overdue", gettext_lazy("已逾期")
    RETURNED = "returned", gettext_lazy("退回后未再报送")
    GENERAL = "general", gettext_lazy("请登录办理")
    CUSTOM = "custom", gettext_lazy("自定义")


WITHOUT_TASKS = (Template.GENERAL, Template.CUSTOM)


class Message(NamedTuple):
    subject: str
    text: str


@dataclass(frozen=True)
class Matter:
    """What an institution is urged about: the task whose deadline comes first, and how many there are."""

    task: Task
    deadline: datetime.date
    is_official: bool
    count: int

    @property
    def days(self) -> int:
        """Whole days until the deadline's day, negative when it has passed."""
        return (self.deadline - timezone.localdate()).days


def message_of(template: Template) -> Message:
    """The template in the active language, with its placeholders."""
    subject, text = {
        Template.DUE_SOON: (
            _("请在期限前报送"),
            _(
                "%(institution)s：贵机构的%(task)s（共 %(count)s 项）最早于%(deadline)s到期，"
                "剩余天数：%(days_left)s，尚未报送。请抓紧填报，并由首席信息官在期限前签署报送。"
            ),
        ),
        Template.OVERDUE: (
            _("任务已逾期，请立即补报"),
            _(
                "%(institution)s：贵机构的%(task)s（共 %(count)s 项）期限为%(deadline)s，"
                "已逾期天数：%(days_late)s，仍未报送。请立即补报；确有困难的，请说明原因。"
            ),
        ),
        Template.RETURNED: (
            _("请修改后重新报送"),
            _(
                "%(institution)s：贵机构的%(task)s（共 %(count)s 项）被退回后尚未重新报送，期限为%(deadline)s。"
                "请按退回理由修改，并重新签署报送。"
            ),
        ),
        Template.GENERAL: (
            _("请登录平台办理"),
            _("%(institution)s：请登录平台，查看并及时办理待办事项。"),
        ),
        Template.CUSTOM: ("", ""),
    }[template]
    return Message(subject, text % {PLACEHOLDERS[name]: f"{{{written}}}" for name, written in written_names().items()})


def written_names() -> dict[str, str]:
    """The placeholders as they are written in the active language."""
    is_english = (get_language() or "").startswith("en")
    return {name: english if is_english else name for name, english in PLACEHOLDERS.items()}


def usable_names(*, with_tasks: bool) -> list[str]:
    return [f"{{{written}}}" for name, written in written_names().items() if with_tasks or PLACEHOLDERS[name] in OF_ANY]


def check_placeholders(text: str, *, with_tasks: bool) -> None:
    """Raises ValidationError for a placeholder that nothing would be filled in for."""
    known = {*PLACEHOLDERS.values()} if with_tasks else OF_ANY
    wrong = [name for name in PLACEHOLDER.findall(text) if _english(name) not in known]
    if wrong:
        raise ValidationError(
            _("不能使用占位符 %(wrong)s。可用的占位符：%(usable)s。")
            % {
                "wrong": _("、").join(f"{{{name}}}" for name in dict.fromkeys(wrong)),
                "usable": _("、").join(usable_names(with_tasks=with_tasks)),
            },
            code="placeholder",
        )


def filled(text: str, *, institution: str, matter: Matter | None) -> str:
    """The text for one institution, in the sender's language."""
    values = {"institution": institution}
    if matter:
        values |= {
            "task": _("任务%(number)s“%(title)s”") % {"number": matter.task.number, "title": matter.task.local_title},
            "count": str(matter.count),
            "deadline": _day(matter),
            "days_left": str(max(matter.days, 0)),
            "days_late": str(max(-matter.days, 0)),
        }
    return PLACEHOLDER.sub(lambda found: values.get(_english(found[1]), found[0]), text)


def _day(matter: Matter) -> str:
    written = date_format(matter.deadline, "DATE_FORMAT")
    return written if matter.is_official else _("%(date)s（暂定）") % {"date": written}


def _english(name: str) -> str:
    name = name.strip()
    return PLACEHOLDERS.get(name, name)
