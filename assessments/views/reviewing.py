"""One signed piece of work, and the verdict on it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from assessments import actions
from assessments.enums import SelfAssessmentState, Verdict
from assessments.forms import ReviewForm
from assessments.history import reasons_before, reasons_given, submissions_of, versions_of
from assessments.models import Review, SelfAssessment
from assessments.permissions import can_review_for
from assessments.queue import Queue, place_of
from assessments.rows import themes_of
from assessments.signed import read_signed
from assessments.views.queue import filter_form, filters_of
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.enums import AssignmentState
from tasks.models import Submission

Signed = Submission | SelfAssessment


@requires(Permission.SUPERVISE)
def review_submission(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Submission.objects.visible_to(request.user, request.membership).select_related(
        "assignment__task__plan", "assignment__institution__region", "signed_by"
    )
    submission = get_object_or_404(rows, pk=pk)
    assignment = submission.assignment
    versions = submissions_of(assignment)
    is_waiting = assignment.state == AssignmentState.SUBMITTED and versions[0].pk == submission.pk

    def give(**verdict) -> Review:
        return actions.review_submission(submission=submission, **verdict)

    context = {
        "submission": submission,
        "assignment": assignment,
        "task": assignment.task,
        "cycle": None,
        "version": submission.number,
        "versions": versions,
    }
    return _review(request, submission, is_waiting, give, context)


@requires(Permission.SUPERVISE)
def review_self_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    rows = SelfAssessment.objects.visible_to(request.user, request.membership).exclude(signed_at=None)
    self_assessment = get_object_or_404(rows.select_related("cycle__plan", "institution__region", "signed_by"), pk=pk)

    def give(**verdict) -> Review:
        return actions.review_self_assessment(self_assessment=self_assessment, **verdict)

    context = {
        "task": None,
        "cycle": self_assessment.cycle,
        "version": self_assessment.version,
        "versions": [
            version
            for version in versions_of(self_assessment, "assessments:review_self_assessment")
            if version.signed_at
        ],
    }
    is_waiting = self_assessment.state == SelfAssessmentState.SUBMITTED
    return _review(request, self_assessment, is_waiting, give, context)


def _review(
    request: HttpRequest, signed: Signed, is_waiting: bool, give: Callable[..., Review], context: dict
) -> HttpResponse:
    """One page for both kinds of work: read what was signed, and judge it."""
    tasks = read_signed(signed, request.user, filters_of(request))
    form = ReviewForm(
        request.POST if request.method == "POST" else None,
        requirements=[r.requirement for task in tasks for r in task.requirements],
    )
    if request.method == "POST" and form.is_valid():
        try:
            review = give(
                verdict=Verdict(form.cleaned_data["verdict"]),
                comment=form.cleaned_data["comment"],
                reasons=form.reasons,
                by=request.user,
                authority=request.membership.authority,
            )
        except WrongState as error:
            form.add_error(None, error)
            is_waiting = False
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _on_to_the_next(request, signed, review)
    review = _verdict_on(signed)
    may_review = can_review_for(request.user, request.membership.authority, signed.institution.pk)
    context |= {
        "signed": signed,
        "institution": signed.institution,
        "review": review,
        "form": form,
        "themes": themes_of(tasks, reasons_before(signed), reasons_given(review), form.reason_field),
        "may_judge": is_waiting and may_review,
        "is_watched": is_waiting and not may_review,
        "may_rectify": review and may_review,
        "filters": filters_of(request),
    }
    return render(request, "assessments/review.html", context, status=400 if form.errors else 200)


def _verdict_on(signed: Signed) -> Review | None:
    of_signed = {"submission" if isinstance(signed, Submission) else "self_assessment": signed}
    return Review.objects.filter(**of_signed).select_related("authority", "reviewer").first()


def _on_to_the_next(request: HttpRequest, signed: Signed, review: Review) -> HttpResponse:
    """The next in the queue, through the filters one came with; the queue itself when nothing is left."""
    done = {"institution": signed.institution.local_name, "verdict": review.outcome}
    following = Queue(request.user, request.membership, filter_form(request)).next_after(place_of(signed))
    if following is None:
        messages.success(request, _("“%(institution)s”：%(verdict)s。没有其他待审核的报送。") % done)
        return redirect("assessments:review_queue")
    messages.success(request, _("“%(institution)s”：%(verdict)s。以下是下一件。") % done)
    return redirect(f"{following.get_absolute_url()}?{filters_of(request)}".rstrip("?"))
