"""申请延期 and 申请不适用: filed and withdrawn by the institution, decided by its supervisor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.access import check, requires, signed_in
from portal.accounts.enums import Permission
from portal.accounts.models import Authority
from portal.gate import WrongState
from portal.keyset import bounded_count, keyset_page
from tasks import requests as actions
from tasks.enums import RequestKind, RequestState
from tasks.filters import OwnRequestFilter, ScopeRequestFilter
from tasks.forms import DeclineForm, ExtensionForm, GrantExtensionForm, GrantForm, NotApplicableForm
from tasks.models import ChangeRequest
from tasks.permissions import can_decide, can_request
from tasks.views.rows import visible_assignment, visible_request

K = RequestKind
ROWS_A_PAGE = 50
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@read_or_post
@signed_in
def request_extension(request: HttpRequest, pk: int) -> HttpResponse:
    return _file(request, pk, K.EXTENSION, ExtensionForm)


@read_or_post
@signed_in
def request_not_applicable(request: HttpRequest, pk: int) -> HttpResponse:
    return _file(request, pk, K.NOT_APPLICABLE, NotApplicableForm)


def _file(request: HttpRequest, pk: int, kind: RequestKind, form_class: type[NotApplicableForm]) -> HttpResponse:
    """What was typed survives every refusal."""
    assignment = visible_assignment(request, pk)
    check(can_request(request.user, assignment))
    if not actions.is_possible(assignment, kind):
        state = {"state": assignment.get_state_display()}
        messages.info(request, _("当前状态为“%(state)s”，现在不能执行此操作。") % state)
        return redirect(assignment)
    files = actions.usable_files(assignment).select_related("requirement__task").by_requirement()
    form = form_class(request.POST or None, assignment=assignment, files=files)
    if form.is_valid():
        try:
            filed = actions.file_request(assignment=assignment, kind=kind, by=request.user, **form.cleaned_data)
        except actions.AlreadyPending as refused:
            form.add_error(None, refused)
        except WrongState as moved_on:
            messages.info(request, moved_on.messages[0])
            return redirect(assignment)
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            _say_filed(request, filed)
            return redirect(filed)
    pending = assignment.change_requests.pending().filter(kind=kind).select_related("requested_by").first()
    context = {"assignment": assignment, "kind": kind, "form": form, "pending": pending}
    return render(request, "tasks/request_file.html", context, status=422 if form.errors else 200)


def _say_filed(request: HttpRequest, filed: ChangeRequest) -> None:
    if filed.is_late:
        messages.success(
            request,
            _("已提出申请，等待监管单位审批。完成期限 %(deadline)s 已过，本申请标注为“逾期后提出”。")
            % {"deadline": filed.old_deadline.isoformat()},
        )
    else:
        messages.success(request, _("已提出申请，等待监管单位审批。"))


@require_safe
@signed_in
def request_list(request: HttpRequest) -> HttpResponse:
    """One tab a state: what waits comes first, the oldest on top; what is over follows, the newest on top."""
    supervises = bool(request.membership and request.membership.is_supervising)
    rows = ChangeRequest.objects.visible_to(request.user, acting=request.membership)
    filterset = (ScopeRequestFilter if supervises else OwnRequestFilter)(request.GET, queryset=rows, request=request)
    is_valid = filterset.is_valid()
    found = filterset.qs if is_valid else rows.none()
    state = (is_valid and filterset.form.cleaned_data.get("state")) or RequestState.PENDING.value
    shown = found.filter(state=state)
    page = keyset_page(
        shown.select_related("assignment__task", "assignment__institution__region", "requested_by", "authority"),
        by=("requested_at", "pk") if state == RequestState.PENDING else ("-requested_at", "-pk"),
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    context = {
        "filterset": filterset,
        "page": page,
        "count": bounded_count(shown),
        "state": state,
        "states": RequestState.choices,
        "supervises": supervises,
    }
    return render(request, "tasks/requests.html", context)


@require_safe
@signed_in
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail_page(request, visible_request(request, pk))


def _detail_page(
    request: HttpRequest,
    row: ChangeRequest,
    *,
    grant_form: Form | None = None,
    decline_form: Form | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    assignment, authority = row.assignment, _acting_authority(request)
    may_decide = row.is_pending and authority is not None and can_decide(request.user, authority, row)
    context: dict[str, Any] = {
        "row": row,
        "assignment": assignment,
        "files": row.evidence.select_related("requirement__task", "uploaded_by").by_requirement(),
        "is_own": request.user.belongs_to(assignment.institution_id),
        "may_withdraw": row.is_pending and can_request(request.user, assignment),
        "may_decide": may_decide,
        "may_grant": may_decide and actions.is_possible(assignment, row.kind),
        "grant_form": grant_form or _grant_form(row),
        "decline_form": decline_form or DeclineForm(),
        "refusal": refusal,
    }
    return render(request, "tasks/request.html", context, status=status)


def _grant_form(row: ChangeRequest, data: Any = None) -> GrantForm:
    return (GrantExtensionForm if row.is_extension else GrantForm)(data, change_request=row)


def _acting_authority(request: HttpRequest) -> Authority | None:
    return request.membership.authority if request.membership else None


@require_POST
@signed_in
def request_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_request(request, pk)
    check(can_request(request.user, row.assignment))
    try:
        actions.withdraw_request(request=row, by=request.user)
    except WrongState as moved_on:
        messages.info(request, moved_on.messages[0])
    else:
        messages.success(request, _("已撤回申请。"))
    return redirect(row)


@require_POST
@requires(Permission.REVIEW)
def request_grant(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_request(request, pk)
    authority = _deciding_authority(request, row)
    form = _grant_form(row, request.POST)
    if not form.is_valid():
        return _detail_page(request, row, grant_form=form, status=422)
    try:
        actions.grant_request(request=row, authority=authority, by=request.user, **form.cleaned_data)
    except WrongState as moved_on:
        return _detail_page(request, visible_request(request, pk), grant_form=form, refusal=moved_on.messages[0])
    except ValidationError as refused:
        form.add_error(None, refused)
        return _detail_page(request, row, grant_form=form, status=422)
    messages.success(request, _("已同意，机构会收到通知。"))
    return redirect(row)


@require_POST
@requires(Permission.REVIEW)
def request_decline(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_request(request, pk)
    authority = _deciding_authority(request, row)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, row, decline_form=form, status=422)
    try:
        actions.decline_request(request=row, authority=authority, by=request.user, **form.cleaned_data)
    except WrongState as moved_on:
        return _detail_page(request, visible_request(request, pk), decline_form=form, refusal=moved_on.messages[0])
    messages.success(request, _("未予同意，机构会收到通知和理由。"))
    return redirect(row)


def _deciding_authority(request: HttpRequest, row: ChangeRequest) -> Authority:
    authority = _acting_authority(request)
    if authority is None or not can_decide(request.user, authority, row):
        raise PermissionDenied
    return authority
