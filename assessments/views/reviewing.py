"""One signed piece of work, and the verdict on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from assessments import actions
from assessments.desk import Desk
from assessments.enums import Verdict
from assessments.forms import DeclineForm, ReviewForm
from assessments.history import remarks_before, remarks_given, submissions_of, versions_of, work_before
from assessments.models import Review, ReviewDraft, SelfAssessment
from assessments.permissions import can_export
from assessments.queue import Queue, place_of
from assessments.remarks import tally
from assessments.rows import Judging, themes_of
from assessments.signed import SignedTask, earlier_answers, read_signed, review_url, target_of
from assessments.views.finding import signed_work
from assessments.views.queue import filter_form, filters_of
from portal.accounts.access import check, requires
from portal.accounts.enums import Permission
from tasks.models import Submission

Signed = Submission | SelfAssessment


@requires(Permission.SUPERVISE)
def review_submission(request: HttpRequest, pk: int) -> HttpResponse:
    return _review(request, signed_work(request, "submissions", pk))


@requires(Permission.SUPERVISE)
def review_self_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    return _review(request, signed_work(request, "self-assessments", pk))


def _review(request: HttpRequest, signed: Signed) -> HttpResponse:
    """Read what was signed, and judge it. What is not sent leaves everything typed on the page."""
    desk = Desk(request.user, request.membership, signed)
    tasks = read_signed(signed, request.user, filters_of(request))
    if request.method != "POST":
        return review_page(request, desk, tasks)
    check(desk.may_review)
    form = _form(desk, tasks, request.POST)
    if form.is_valid():
        try:
            return _send(request, desk, form)
        except actions.StaleReviewDraft as stale:
            form.overwrite(stale.current)
            form.add_error(None, stale)
        except ValidationError as error:
            form.add_error(None, error)
    return review_page(request, desk, tasks, form=form, status=400)


def _send(request: HttpRequest, desk: Desk, form: ReviewForm) -> HttpResponse:
    """Send the verdict, or propose it where the plan asks for a second review; and on to the next."""
    signed = desk.signed
    given: dict[str, Any] = {
        "verdict": Verdict(form.cleaned_data["verdict"]),
        "comment": form.cleaned_data["comment"],
        "remarks": form.remarks,
        "revision": form.cleaned_data["revision"],
        "by": request.user,
        "authority": desk.authority,
    }
    if desk.needs_second:
        actions.propose_review(signed=signed, **given)
        return on_to_the_next(request, signed, _("已提交复核"))
    if isinstance(signed, Submission):
        review = actions.review_submission(submission=signed, **given)
    else:
        review = actions.review_self_assessment(self_assessment=signed, **given)
    return on_to_the_next(request, signed, review.outcome)


def _form(desk: Desk, tasks: list[SignedTask], data: Any = None) -> ReviewForm:
    requirements = [r.requirement for task in tasks for r in task.requirements]
    return ReviewForm(data, requirements=requirements, draft=desk.own)


def review_page(
    request: HttpRequest,
    desk: Desk,
    tasks: list[SignedTask],
    form: ReviewForm | None = None,
    decline_form: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of both kinds of work. A bound form shows what was typed, whatever became of the work meanwhile."""
    signed = desk.signed
    review = Review.objects.filter(**target_of(signed)).select_related("authority", "reviewer", "proposed_by").first()
    before = work_before(signed, request.user, request.membership)
    form = form or _form(desk, tasks)
    shows_form = desk.may_write or form.is_bound
    drafted = form.written if form.is_bound else desk.drafted
    judging = Judging(
        form=form if shows_form else None,
        drafted=drafted,
        earlier=earlier_answers(before.content) if before else {},
    )
    context = {
        "signed": signed,
        "institution": signed.institution,
        "review": review,
        "desk": desk,
        "form": form,
        "decline_form": decline_form or DeclineForm(),
        "shows_form": shows_form,
        "themes": themes_of(tasks, remarks_before(signed), remarks_given(review), judging),
        "tally": tally([r.requirement.pk for task in tasks for r in task.requirements], drafted),
        "before": before,
        "before_url": review_url(before) if before else "",
        "rectify_url": _rectify_url(review),
        "filters": filters_of(request),
        **_of_kind(signed),
        "may_export": isinstance(signed, SelfAssessment) and can_export(request.user, signed, request.membership),
    }
    return render(request, "assessments/review.html", context, status=status)


def _of_kind(signed: Signed) -> dict[str, Any]:
    """What only the page of a submission shows, or only that of a self-assessment."""
    if isinstance(signed, Submission):
        return {
            "kind": "submissions",
            "assignment": signed.assignment,
            "task": signed.assignment.task,
            "cycle": None,
            "version": signed.number,
            "versions": submissions_of(signed.assignment),
        }
    versions = versions_of(signed, "assessments:review_self_assessment")
    return {
        "kind": "self-assessments",
        "task": None,
        "cycle": signed.cycle,
        "version": signed.version,
        "versions": [version for version in versions if version.signed_at],
    }


def _rectify_url(review: Review | None) -> str:
    """Where a rectification is opened from a review that was given; empty without one."""
    return f"{reverse('assessments:open_rectification')}?review={review.pk}" if review else ""


def on_to_the_next(request: HttpRequest, signed: Signed, outcome: str) -> HttpResponse:
    """The next in the queue, through the filters one came with; the queue itself when nothing is left."""
    done = {"institution": signed.institution.local_name, "verdict": outcome}
    following = Queue(request.user, request.membership, filter_form(request)).next_after(place_of(signed))
    if following is None or following.row == signed:
        messages.success(request, _("“%(institution)s”：%(verdict)s。没有其他待审核的报送。") % done)
        return redirect("assessments:review_queue")
    messages.success(request, _("“%(institution)s”：%(verdict)s。以下是下一件。") % done)
    return redirect(f"{following.get_absolute_url()}?{filters_of(request)}".rstrip("?"))


def on_to_the_next_proposal(request: HttpRequest, signed: Signed, outcome: str) -> HttpResponse:
    """What else waits for this person's decision, the oldest first; else the queue."""
    done = {"institution": signed.institution.local_name, "verdict": outcome}
    following = ReviewDraft.objects.to_confirm(request.user, request.membership).first()
    if following is None:
        messages.success(request, _("“%(institution)s”：%(verdict)s。没有其他待复核的结论。") % done)
        return redirect("assessments:review_queue")
    messages.success(request, _("“%(institution)s”：%(verdict)s。以下是下一件待复核的结论。") % done)
    return redirect(following)
