"""Taking back what was signed, while no verdict is given: a self-assessment, or the submission of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from assessments import actions
from assessments.enums import SelfAssessmentState
from assessments.forms import WithdrawForm
from assessments.permissions import can_sign
from assessments.views.finding import visible
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.enums import AssignmentState
from tasks.permissions import can_sign as can_sign_for_task
from tasks.views.rows import visible_assignment


@requires(Permission.SIGN)
def withdraw_self_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_sign(request.user, self_assessment):
        raise Http404
    if self_assessment.state != SelfAssessmentState.SUBMITTED:
        return _too_late(request, self_assessment)

    def withdraw(reason: str) -> Any:
        return actions.withdraw_self_assessment(self_assessment=self_assessment, reason=reason, by=request.user)

    what = {"title": self_assessment.cycle.local_title, "number": self_assessment.version}
    context = {
        "row": self_assessment,
        "what": _("“%(title)s”已报送的第 %(number)s 版") % what,
        "follows": _("该版本不再审核，原样保留；随即开启下一版，内容相同，可以修改后重新签署报送。"),
    }
    return _decide(request, context, withdraw)


@requires(Permission.SIGN)
def withdraw_submission(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    if not can_sign_for_task(request.user, assignment):
        raise Http404
    if assignment.state != AssignmentState.SUBMITTED:
        return _too_late(request, assignment)

    def withdraw(reason: str) -> Any:
        return actions.withdraw_submission(assignment=assignment, reason=reason, by=request.user)

    what = {"title": assignment.task.local_title, "task": assignment.task.number}
    context = {
        "row": assignment,
        "task": assignment.task,
        "what": _("任务 %(task)s“%(title)s”最近一次报送") % what,
        "follows": _("该次报送不再审核，原样保留；任务回到进行中，可以修改后重新签署报送。"),
    }
    return _decide(request, context, withdraw)


def _decide(request: HttpRequest, context: dict[str, Any], withdraw: Callable[[str], Any]) -> HttpResponse:
    """The decision page; `withdraw` gives the row to go on with."""
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            following = withdraw(form.cleaned_data["reason"])
        except WrongState:
            context["row"].refresh_from_db()
            return _too_late(request, context["row"])
        messages.success(request, _("已撤回报送。修改后请重新提交签署。"))
        return redirect(following)
    return render(request, "assessments/withdraw.html", context | {"form": form}, status=400 if form.errors else 200)


def _too_late(request: HttpRequest, row: Any) -> HttpResponse:
    """Back to the work, which shows where it stands now, such as after a verdict."""
    state = {"state": row.get_state_display()}
    messages.error(request, _("当前状态为“%(state)s”，不能撤回。监管单位作出结论之前才能撤回。") % state)
    return redirect(row)
