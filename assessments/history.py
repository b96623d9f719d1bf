"""What was said of earlier versions: shown where the work is, and beside the version under review."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, Func, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Answer, Cycle, Remark, Review, SelfAssessment
from assessments.signed import plan_of
from portal.accounts.models import Membership, User
from tasks.models import Assignment, Submission


@dataclass(frozen=True)
class Version:
    """One version of the same work. `url` shows it; `state` is its own, whatever became of later ones.

    `compare_url` shows it beside the version before; empty for the first.
    """

    pk: int
    number: int
    state: str
    signed_at: datetime.datetime | None
    signed_by: User | None
    review: Review | None
    url: str
    compare_url: str


def versions_of(self_assessment: SelfAssessment, url_name: str) -> list[Version]:
    """All versions of the institution's self-assessment in the cycle, the newest first."""
    rows = (
        SelfAssessment.objects.filter(cycle=self_assessment.cycle_id, institution=self_assessment.institution_id)
        .select_related("signed_by", "review__authority", "review__reviewer")
        .defer("content")
        .order_by("-version")
    )
    return [
        Version(
            row.pk,
            row.version,
            row.state,
            row.signed_at,
            row.signed_by,
            getattr(row, "review", None),
            reverse(url_name, args=[row.pk]),
            reverse("assessments:compare_self_assessment", args=[row.pk]) if row.version > 1 else "",
        )
        for row in rows
    ]


def submissions_of(assignment: Assignment) -> list[Version]:
    """All submissions of an assignment, the newest first."""
    rows = (
        assignment.submissions.with_withdrawn()
        .select_related("signed_by", "review__authority", "review__reviewer")
        .defer("content")
        .order_by("-number")
    )
    return [
        Version(
            row.pk,
            row.number,
            _state_of(row),
            row.signed_at,
            row.signed_by,
            getattr(row, "review", None),
            reverse("assessments:review_submission", args=[row.pk]),
            reverse("assessments:compare_submission", args=[row.pk]) if row.number > 1 else "",
        )
        for row in rows
    ]


def _state_of(submission: Submission) -> str:
    if submission.verdict:
        return submission.verdict.verdict
    return SelfAssessmentState.WITHDRAWN if submission.is_withdrawn else SelfAssessmentState.SUBMITTED


@dataclass(frozen=True)
class Said:
    """A remark with the version it was made on, and what the institution replied in the version after that."""

    remark: Remark
    reply: str

    @property
    def is_return(self) -> bool:
        return self.remark.verdict == Verdict.RETURNED

    @property
    def version(self) -> int:
        signed = self.remark.review.submission or self.remark.review.self_assessment
        return signed.number if isinstance(signed, Submission) else signed.version

    @property
    def cycle(self) -> Cycle | None:
        """The round it was said in; None for the doing."""
        return self.remark.review.self_assessment.cycle if self.remark.review.self_assessment else None


@dataclass(frozen=True)
class Comments:
    """What was said of one requirement: `open` is what has to be read now, the rest is at hand, the newest first."""

    open: list[Said]
    judging: list[Said]
    doing: list[Said]

    @property
    def more(self) -> int:
        return len(self.judging) + len(self.doing)


NOTHING = Comments([], [], [])


def remarks_before(signed: SelfAssessment | Submission) -> dict[int, Comments]:
    """What was said of the requirements before this version, by requirement id: in all its earlier versions, in all
    earlier cycles, and of both kinds of work. Open is why the work was last returned.

    Whoever may see the version may see all of it: reviews, too, are visible by institution. Two queries.
    """
    own = Review.objects.filter(**_target(signed))
    earlier = Remark.objects.exclude(text="").filter(
        ~Exists(own.filter(created_at__lte=OuterRef("review__created_at")))
    )
    judging = earlier.filter(
        review__self_assessment__institution=signed.institution.pk, requirement__task__plan=plan_of(signed)
    )
    doing = earlier.filter(review__submission__assignment__institution=signed.institution.pk)
    if isinstance(signed, SelfAssessment):
        judging = judging.exclude(
            review__self_assessment__cycle=signed.cycle_id, review__self_assessment__version__gte=signed.version
        )
        doing = doing.filter(requirement__task__plan=plan_of(signed))
    else:
        task = signed.assignment.task_id
        doing = doing.filter(requirement__task=task).exclude(
            review__submission__assignment=signed.assignment_id, review__submission__number__gte=signed.number
        )
        judging = judging.filter(requirement__task=task)
    return _laid_out(signed, _said(judging), _said(doing))


def remarks_given(review: Review | None) -> dict[int, Comments]:
    """What one review said, by requirement id; an acceptance may say no more than that."""
    said = _said(Remark.objects.filter(review=review)) if review else []
    return {one.remark.requirement_id: Comments([one], [], []) for one in said}


def said_between(older: SelfAssessment | Submission, newer: SelfAssessment | Submission) -> dict[int, list[Said]]:
    """What was said of the older version and of those up to the newer one, by requirement id, the newest first."""
    remarks = Remark.objects.exclude(text="")
    if isinstance(older, Submission) and isinstance(newer, Submission):
        remarks = remarks.filter(
            review__submission__assignment=older.assignment_id,
            review__submission__number__range=(older.number, newer.number - 1),
        )
    elif isinstance(older, SelfAssessment) and isinstance(newer, SelfAssessment):
        remarks = remarks.filter(
            review__self_assessment__cycle=older.cycle_id,
            review__self_assessment__institution=older.institution_id,
            review__self_assessment__version__range=(older.version, newer.version - 1),
        )
    return _by_requirement(_said(remarks))


def _target(signed: SelfAssessment | Submission) -> dict[str, Any]:
    return {"submission" if isinstance(signed, Submission) else "self_assessment": signed}


def _said(remarks: QuerySet[Remark]) -> list[Said]:
    """The newest first. A draft's reply is nobody's to read yet."""
    of = "review__self_assessment__"
    answers = Answer.objects.filter(
        self_assessment__cycle=OuterRef(f"{of}cycle"),
        self_assessment__institution=OuterRef(f"{of}institution"),
        self_assessment__version=OuterRef(f"{of}version") + 1,
        self_assessment__signed_at__isnull=False,
        requirement=OuterRef("requirement"),
    )
    following = Submission.objects.filter(
        assignment=OuterRef("review__submission__assignment"), number=OuterRef("review__submission__number") + 1
    )
    reference = Concat(
        Cast(OuterRef("requirement__task__number"), CharField()),
        Value("."),
        Cast(OuterRef("requirement__number"), CharField()),
    )
    rows = (
        remarks.annotate(
            answered=Subquery(answers.values("reply")[:1]),
            stated=Subquery(following.values(said=_SignedReply("content", reference))[:1]),
        )
        .select_related("review__authority", "review__submission", "review__self_assessment__cycle")
        .defer("review__submission__content", "review__self_assessment__content")
        .order_by("-review__created_at", "-pk")
    )
    return [Said(remark, remark.answered or remark.stated or "") for remark in rows]


class _SignedReply(Func):
    """The reply to a requirement's reason, out of a submission's signed content."""

    template = "(jsonb_path_query_first(%(expressions)s) #>> '{}')"
    output_field = TextField()

    def __init__(self, content: str, reference: Combinable) -> None:
        path = Value("$.requirements[*] ? (@.reference == $reference).reply")
        named = Func(reference, function="jsonb_build_object", template="%(function)s('reference', %(expressions)s)")
        super().__init__(content, path, named)


def _laid_out(signed: SelfAssessment | Submission, judging: list[Said], doing: list[Said]) -> dict[int, Comments]:
    judged, done = _by_requirement(judging), _by_requirement(doing)
    same = _of_same_work(signed)
    found = {}
    for pk in {*judged, *done}:
        both = [*judged.get(pk, []), *done.get(pk, [])]
        now = next((said for said in both if said.is_return and same(said)), None)
        found[pk] = Comments(
            [now] if now else [],
            [said for said in judged.get(pk, []) if said is not now],
            [said for said in done.get(pk, []) if said is not now],
        )
    return found


def _of_same_work(signed: SelfAssessment | Submission) -> Callable[[Said], bool]:
    if isinstance(signed, Submission):
        return lambda said: said.cycle is None
    return lambda said: said.cycle is not None and said.cycle.pk == signed.cycle_id


def _by_requirement(said: Iterable[Said]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = {}
    for one in said:
        found.setdefault(one.remark.requirement_id, []).append(one)
    return found


def work_before(
    signed: SelfAssessment | Submission, user: User, acting: Membership
) -> SelfAssessment | Submission | None:
    """What an answer is compared with: the last accepted self-assessment of an earlier cycle of the plan, or the
    submission before."""
    if isinstance(signed, Submission):
        earlier = Submission.objects.visible_to(user, acting).filter(assignment=signed.assignment_id)
        return earlier.filter(number__lt=signed.number).order_by("-number").first()
    accepted = SelfAssessment.objects.visible_to(user, acting).filter(
        institution=signed.institution_id,
        cycle__plan=signed.cycle.plan_id,
        cycle__period_ends_on__lt=signed.cycle.period_ends_on,
        state=SelfAssessmentState.ACCEPTED,
    )
    return accepted.select_related("cycle").order_by("-cycle__period_ends_on", "-version").first()


def carried_over_from(self_assessment: SelfAssessment) -> Cycle | None:
    """The round whose answers the draft began with, by the rule of the opening."""
    own = SelfAssessment.objects.filter(institution=self_assessment.institution_id)
    last = own.last_accepted(self_assessment.cycle.plan_id).select_related("cycle").defer("content").first()
    return last.cycle if last else None
