"""Pages on which something is decided: hand in, sign or send back, find not applicable."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.access import check, signed_in
from portal.accounts.reauthentication import sent_to_confirm
from portal.gate import WrongState
from tasks import actions
from tasks.enums import TRANSITIONS, AssignmentState
from tasks.forms import ExemptForm, SendBackForm, SignForm
from tasks.models import Assignment
from tasks.permissions import can_fill_in, can_review, can_sign
from tasks.signing import ContentChanged
from tasks.views.rows import visible_assignment
from tasks.worksheet import checks_held_up, lines_of, submissions_of

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@read_or_post
@signed_in
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_fill_in(request.user, assignment))
    if assignment.state in (AssignmentState.NOT_STARTED, AssignmentState.RETURNED):
        messages.info(request, _("请先填写或修改内容并保存，再提交签署。"))
        return redirect(assignment)
    if not _is_possible("hand_in", assignment):
        return _too_late(request, assignment)
    refusal = ""
    if request.method == "POST":
        try:
            actions.hand_in(assignment=assignment, by=request.user)
        except WrongState as moved_on:
            return _too_late(request, assignment, moved_on)
        except ValidationError as refused:
            refusal = refused.messages[0]
        else:
            messages.success(request, _("已提交首席信息官签署。"))
            return redirect(assignment)
    lines = lines_of(assignment, submissions_of(assignment))
    context = {
        "assignment": assignment,
        "lines": lines,
        "missing": [line for line in lines if line.is_missing],
        "unchecked": [file for line in lines for file in line.unchecked],
        "expired": [file for line in lines for file in line.expired],
        "waiting": sum(line.waiting for line in lines),
        "is_held_up": checks_held_up(lines),
        "refusal": refusal,
    }
    return render(request, "tasks/hand_in.html", context)


@read_or_post
@signed_in
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_sign(request.user, assignment))
    if not _is_possible("sign", assignment):
        return _too_late(request, assignment)
    elsewhere = sent_to_confirm(request)
    if elsewhere:
        return elsewhere
    if request.method != "POST":
        return _sign_page(request, assignment)
    form = SignForm(request.POST, request=request)
    if not form.is_valid():
        return _sign_page(request, assignment, refusal=form.trouble, refused=None if form.trouble else form)
    try:
        actions.sign(assignment=assignment, by=request.user, **form.signature)
    except WrongState as moved_on:
        return _too_late(request, assignment, moved_on)
    except ContentChanged as changed:
        return _sign_page(request, assignment, refusal=changed.messages[0], changed=changed.references)
    except ValidationError as refused:
        return _sign_page(request, assignment, refusal=refused.messages[0])
    messages.success(request, _("已签署报送，等待监管人员审核。"))
    return redirect(assignment)


@require_POST
@signed_in
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_sign(request.user, assignment))
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _sign_page(request, assignment, send_back_form=form)
    try:
        actions.send_back(assignment=assignment, by=request.user, **form.cleaned_data)
    except WrongState as moved_on:
        return _too_late(request, assignment, moved_on)
    messages.success(request, _("已退回填报人。"))
    return redirect(assignment)


def _sign_page(
    request: HttpRequest,
    assignment: Assignment,
    *,
    refusal: str = "",
    changed: Sequence[str] = (),
    refused: SignForm | None = None,
    send_back_form: Form | None = None,
) -> HttpResponse:
    """Shows the very content that would be signed, so that its digests can vouch for what was read.

    `changed` are the references of what is another since, `refused` what was sent and not signed.
    """
    content = actions.content_to_sign(assignment)
    context = {
        "assignment": assignment,
        "content": content,
        "digests": actions.digests_to_sign(content),
        "file_count": sum(len(requirement["evidence"]) for requirement in content["requirements"]),
        "sign_form": SignForm.of(request, content, content["requirements"], refused),
        "refused": refused,
        "send_back_form": send_back_form or SendBackForm(),
        "refusal": refusal,
        "changed": changed,
    }
    return render(request, "tasks/sign.html", context)


@read_or_post
@signed_in
def exempt(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_review(request.user, assignment))
    if not _is_possible("exempt", assignment):
        return _too_late(request, assignment)
    form = ExemptForm(request.POST or None)
    if form.is_valid():
        try:
            actions.exempt(assignment=assignment, by=request.user, **form.cleaned_data)
        except WrongState as moved_on:
            return _too_late(request, assignment, moved_on)
        messages.success(request, _("已认定本任务不适用于该机构。"))
        return redirect(assignment)
    return render(request, "tasks/exempt.html", {"assignment": assignment, "form": form})


def _is_possible(move: str, assignment: Assignment) -> bool:
    return assignment.state in TRANSITIONS[move].sources


def _too_late(request: HttpRequest, assignment: Assignment, refusal: WrongState | None = None) -> HttpResponse:
    """Back to the task, which shows where it stands now, such as after a double click."""
    if refusal:
        messages.info(request, refusal.messages[0])
    else:
        state = {"state": assignment.get_state_display()}
        messages.info(request, _("当前状态为“%(state)s”，现在不能执行此操作。") % state)
    return redirect(assignment)
