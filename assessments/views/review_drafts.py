"""A reviewer's draft in the background, and the decision on a proposal."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from assessments import actions
from assessments.desk import Desk
from assessments.forms import DeclineForm, ReviewDraftForm
from assessments.models import ReviewDraft
from assessments.proposals import Signed
from assessments.signed import awaits_verdict, read_signed, requirements_signed, review_url
from assessments.views.finding import signed_work
from assessments.views.queue import filters_of
from assessments.views.reviewing import on_to_the_next_proposal, review_page
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState


@require_POST
@requires(Permission.REVIEW)
def save(request: HttpRequest, kind: str, pk: int) -> JsonResponse:
    """Keep what is typed. 409 with the draft as it stands when another window changed it."""
    signed = signed_work(request, kind, pk)
    form = ReviewDraftForm(request.POST, requirements=requirements_signed(signed).values())
    if not form.is_valid():
        return JsonResponse({"error": _first_error(form)}, status=400)
    try:
        draft = actions.save_review_draft(
            signed=signed,
            comment=form.cleaned_data["comment"],
            remarks=form.written,
            revision=form.cleaned_data["revision"],
            by=request.user,
            authority=request.membership.authority,
        )
    except actions.StaleReviewDraft as stale:
        return JsonResponse(
            {"error": _changed_elsewhere(stale.current), "current": _as_typed(stale.current)}, status=409
        )
    except WrongState as error:
        return JsonResponse({"error": error.message}, status=409)
    answer = {"revision": draft.revision, "saved": _saved(draft)}
    if not awaits_verdict(signed):
        answer["error"] = _("该版本已不再等待审核。草稿已保存，仅供您本人查阅，不能发送。")
    return JsonResponse(answer)


def _first_error(form: ReviewDraftForm) -> str:
    name, errors = next(iter(form.errors.items()))
    return _("%(field)s：%(error)s") % {"field": form[name].label, "error": errors[0]}


def _changed_elsewhere(draft: ReviewDraft) -> str:
    at = time_format(timezone.localtime(draft.updated_at), "H:i")
    return _("您的草稿已于 %(at)s 在另一个窗口中修改，本窗口的内容尚未保存。请选择保留哪一份。") % {"at": at}


def _as_typed(draft: ReviewDraft) -> dict[str, Any]:
    """The draft by the names of the form's fields."""
    fields = {"comment": draft.comment}
    for pk, remark in draft.given.items():
        fields |= {f"verdict_{pk}": remark.verdict, f"text_{pk}": remark.text}
    return {"revision": draft.revision, "fields": fields, "saved": _saved(draft)}


def _saved(draft: ReviewDraft) -> str:
    return render_to_string("_components/saved.html", {"at": draft.updated_at})


@require_POST
@requires(Permission.CONFIRM_REVIEWS)
def confirm(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Send what a colleague proposed."""
    signed = signed_work(request, kind, pk)
    proposal = Desk(request.user, request.membership, signed).proposal
    if proposal is None:
        return _gone(request, signed)
    try:
        review = actions.confirm_review(draft=proposal, revision=_revision(request), by=request.user)
    except ValidationError as error:
        messages.error(request, error.message)
        return _back(request, signed)
    return on_to_the_next_proposal(request, signed, review.outcome)


@require_POST
@requires(Permission.CONFIRM_REVIEWS)
def decline(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Give a proposal back to the colleague; the reason stays on the page when that fails."""
    signed = signed_work(request, kind, pk)
    desk = Desk(request.user, request.membership, signed)
    form = DeclineForm(request.POST)
    if form.is_valid():
        if desk.proposal is None:
            form.add_error(None, _not_there())
        else:
            try:
                actions.decline_review(
                    draft=desk.proposal,
                    reason=form.cleaned_data["reason"],
                    revision=_revision(request),
                    by=request.user,
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return on_to_the_next_proposal(request, signed, _("已退回拟定人修改"))
    tasks = read_signed(signed, request.user, filters_of(request))
    return review_page(request, desk, tasks, decline_form=form, status=400)


@require_POST
@requires(Permission.REVIEW)
def recall(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Take the own proposal back, to change it."""
    signed = signed_work(request, kind, pk)
    own = Desk(request.user, request.membership, signed).own
    if own is None:
        return _gone(request, signed)
    try:
        actions.recall_review(draft=own, by=request.user)
    except WrongState as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("已收回。您可以继续修改，再次提交复核。"))
    return _back(request, signed)


def _revision(request: HttpRequest) -> int:
    """Of the proposal as it was read; one that never was when somebody tampered with it."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() else -1


def _not_there() -> str:
    return _("该拟定结论已被收回或已有处理结果。以下是最新情况。")


def _gone(request: HttpRequest, signed: Signed) -> HttpResponse:
    messages.error(request, _not_there())
    return _back(request, signed)


def _back(request: HttpRequest, signed: Signed) -> HttpResponse:
    return redirect(f"{review_url(signed)}?{filters_of(request)}".rstrip("?"))
