"""More time for a few institutions, which the commission has just granted unasked."""

from __future__ import annotations

import uuid

from portal.accounts.models import User
from portal.notices.enums import DayUnit
from portal.shell.demo.moments import DAY, Day
from tasks.enums import AssignmentState
from tasks.extending.asking import ask
from tasks.extending.carrying_out import carry_out
from tasks.extending.choice import Choice
from tasks.extending.terms import Term
from tasks.models import Assignment

REASON = "年末系统变更冻结，测试窗口相应顺延。"
AHEAD, ROWS = 60 * DAY, 3


def write_extension(*, today: Day, by: User) -> None:
    """Of work that nobody has begun, for the institutions last invented: the README's story is not about them."""
    unbegun = Assignment.objects.filter(state=AssignmentState.NOT_STARTED, deadline__gt=today + AHEAD)
    rows = unbegun.order_by("deadline", "-institution", "task")[:ROWS].values_list("pk", flat=True)
    filters = {"ticked": ["assignments"], "assignment": [str(pk) for pk in rows]}
    choice = Choice(by, by.memberships.get(), Term(days=30, unit=DayUnit.CALENDAR), filters)
    seen = choice.digest()[2]
    extension = ask(choice=choice, reason=REASON, seen_sha256=seen, token=uuid.uuid4(), by=by)
    carry_out(extension_id=extension.pk)
