"""The CIO's page: everything that will be signed, and the two ways on."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from assessments import actions
from assessments.content import content_to_sign, digests_to_sign
from assessments.enums import SelfAssessmentState
from assessments.forms import SendBackForm
from assessments.history import remarks_before
from assessments.models import SelfAssessment
from assessments.permissions import can_sign
from assessments.rows import themes_of
from assessments.signed import entries_of, read_draft
from assessments.views.finding import visible
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.accounts.reauthentication import sent_to_confirm
from portal.gate import WrongState
from tasks.forms import SignForm
from tasks.signing import ContentChanged


@requires(Permission.SIGN)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    self_assessment = _to_sign(request, pk)
    if self_assessment.state != SelfAssessmentState.AWAITING_SIGNATURE:
        if request.method == "POST":
            state = {"state": self_assessment.get_state_display()}
            messages.error(request, _("当前状态为“%(state)s”，现在不能执行此操作。") % state)
        return redirect(self_assessment)
    elsewhere = sent_to_confirm(request)
    if elsewhere:
        return elsewhere
    if request.method != "POST":
        return _page(request, self_assessment)
    form = SignForm(request.POST, request=request)
    if not form.is_valid():
        return _page(request, self_assessment, refusal=form.trouble, refused=None if form.trouble else form)
    try:
        actions.sign(self_assessment=self_assessment, by=request.user, **form.signature)
    except WrongState as error:
        messages.error(request, error.message)
    except ContentChanged as changed:
        return _page(request, self_assessment, refusal=changed.message, changed=changed.references)
    except ValidationError as error:
        return _page(request, self_assessment, refusal=error.message)
    else:
        messages.success(request, _("自评已签署并报送监管单位。"))
    return redirect(self_assessment)


@require_POST
@requires(Permission.SIGN)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    self_assessment = _to_sign(request, pk)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _page(request, self_assessment, send_back_form=form)
    try:
        actions.send_back(self_assessment=self_assessment, by=request.user, **form.cleaned_data)
    except WrongState as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("已退回填报人。"))
    return redirect(self_assessment)


def _to_sign(request: HttpRequest, pk: int) -> SelfAssessment:
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_sign(request.user, self_assessment):
        raise Http404
    return self_assessment


def _page(
    request: HttpRequest,
    self_assessment: SelfAssessment,
    *,
    refusal: str = "",
    changed: Sequence[str] = (),
    refused: SignForm | None = None,
    send_back_form: SendBackForm | None = None,
) -> HttpResponse:
    """Everything that would be signed, and the two ways on.

    `changed` are the references of what is another since it was read, `refused` what was sent and not signed.
    """
    content = content_to_sign(self_assessment)
    tasks = read_draft(self_assessment, request.user, content)
    context = {
        "self_assessment": self_assessment,
        "themes": themes_of(tasks, remarks_before(self_assessment), {}),
        "asked": sum(len(task.requirements) for task in tasks),
        "answered": sum(task.complete for task in tasks),
        "digests": digests_to_sign(content),
        "sign_form": SignForm.of(request, content, entries_of(content), refused),
        "refused": refused,
        "refusal": refusal,
        "changed": changed,
        "form": send_back_form or SendBackForm(),
    }
    is_refused = refusal or refused or send_back_form
    return render(request, "assessments/sign.html", context, status=400 if is_refused else 200)
