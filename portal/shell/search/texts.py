"""What is found by what it says: statements, justifications, and what the two sides wrote to each other.

An institution's own rows are few, and are read; a supervisor's are many, and an index of bigrams finds those that hold
the words. Drafts are nobody's but the institution's: all rows come from `visible_to`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Contains
from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.models import Rectification, RectificationStep, Remark, Review, SelfAssessment
from assessments.models.cycles import JUSTIFIED
from assessments.signed import review_url
from plan.models import Requirement, Task
from portal.shell.search.asked import Asked, Hit
from portal.snippets import marked, snippet_of
from portal.text_search import Folded, Names, holds, looked_up
from tasks.models import Assignment, ChangeRequest, Statement, Submission, UrgedInstitution, Urging
from tasks.models.submissions import STATED

Shown = tuple[str, str, str]  # address, title, detail


@dataclass(frozen=True)
class Source:
    """One table of texts. `rows` are those that the asker may read, `said` is their text, `at` when it was written."""

    rows: Callable[[Asked], QuerySet]
    said: Any
    at: str
    related: Sequence[str]
    show: Callable[[Any, Asked], Shown]
    is_indexed: bool = True
    deferred: Sequence[str] = ()  # signed contents are large, and no line shows one

    def find(self, asked: Asked, limit: int) -> list[Hit]:
        found = looked_up(self.rows(asked), self._holds(asked))
        rows = found.annotate(said=self.said).select_related(*self.related).defer(*self.deferred)
        return [self._hit(row, asked) for row in rows.order_by(f"-{self.at}", "-pk")[:limit]]

    def _holds(self, asked: Asked) -> Q:
        """By the index for supervisors. An institution's rows are fewer than those of all that hold a common phrase."""
        if self.is_indexed and asked.membership.is_supervising:
            return holds(self.said, asked.words)
        return Q(Contains(Folded(self.said), asked.words))

    def _hit(self, row: Any, asked: Asked) -> Hit:
        url, title, detail = self.show(row, asked)
        at = attrgetter(self.at.replace("__", "."))(row)
        return Hit(url, marked(title, asked.words), detail, snippet_of(row.said, asked.words), at=at)


def newest_of(*sources: Source) -> Callable[[Asked, int], list[Hit]]:
    """What the sources find together, the newest first. A single character is not looked for inside texts."""

    def find(asked: Asked, limit: int) -> list[Hit]:
        if not asked.is_text:
            return []
        hits = [hit for source in sources for hit in source.find(asked, limit)]
        return sorted(hits, key=lambda hit: hit.at, reverse=True)[:limit]

    return find


def for_either(inside: Callable, above: Callable) -> Callable[[Asked, int], list[Hit]]:
    """One way of finding for an institution's people, another one for its supervisors."""
    return lambda asked, limit: (above if asked.membership.is_supervising else inside)(asked, limit)


def _visible(model: Any) -> Callable[[Asked], QuerySet]:
    return lambda asked: model.objects.visible_to(asked.user, acting=asked.membership)


# --- What institutions say --------------------------------------------------------------------------------


def _task(task: Task) -> str:
    return f"{task.number} {task.local_title}"


def _requirement(requirement: Requirement) -> str:
    return f"{requirement.reference} {requirement.local_text}"


def _at_requirement(assignment: Assignment, requirement: Requirement) -> str:
    return f"{assignment.get_absolute_url()}#requirement-{requirement.pk}"


def _show_statement(row: Statement, asked: Asked) -> Shown:
    task = row.requirement.task
    return _at_requirement(row.assignment, row.requirement), _requirement(row.requirement), _task(task)


def _show_submission(row: Submission, asked: Asked) -> Shown:
    number = _("第 %(number)s 次报送") % {"number": row.number}
    return review_url(row), _task(row.assignment.task), f"{row.institution.local_name} · {number}"


def _show_justification(row: SelfAssessment, asked: Asked) -> Shown:
    url = review_url(row) if asked.membership.is_supervising else row.get_absolute_url()
    version = _("第 %(number)s 版") % {"number": row.version}
    return url, row.cycle.local_title, f"{row.institution.local_name} · {version}"


STATEMENTS = Source(
    _visible(Statement),
    Names("text", "reply"),
    "updated_at",
    ("assignment", "requirement__task"),
    _show_statement,
    is_indexed=False,
)
SUBMISSIONS = Source(
    _visible(Submission),
    STATED,
    "signed_at",
    ("assignment__task", "assignment__institution"),
    _show_submission,
    deferred=["content"],
)
JUSTIFICATIONS = Source(
    lambda asked: _visible(SelfAssessment)(asked).filter(signed_at__isnull=False),
    JUSTIFIED,
    "signed_at",
    ("cycle", "institution"),
    _show_justification,
    deferred=["content"],
)


# --- What supervisors say, and what is answered ------------------------------------------------------------

OF_SUBMISSION = ("submission__assignment__task", "submission__assignment__institution")
OF_SELF_ASSESSMENT = ("self_assessment__cycle", "self_assessment__institution")
CONTENTS = ("submission__content", "self_assessment__content")


def _show_review(row: Review, asked: Asked) -> Shown:
    """The work that was judged, where this reader reads it."""
    if row.submission:
        url, title, detail = _show_submission(row.submission, asked)
        if not asked.membership.is_supervising:
            url = row.submission.assignment.get_absolute_url()
    else:
        url, title, detail = _show_justification(row.self_assessment, asked)
    return url, title, f"{row.outcome} · {detail}"


def _show_remark(row: Remark, asked: Asked) -> Shown:
    url, _title, detail = _show_review(row.review, asked)
    return url, _requirement(row.requirement), detail


def _reviews(reviews: Callable[[Asked], QuerySet]) -> list[Source]:
    """The comments of some reviews, and their remarks on requirements."""
    related = [*OF_SUBMISSION, *OF_SELF_ASSESSMENT]
    return [
        Source(reviews, F("comment"), "created_at", related, _show_review, deferred=CONTENTS),
        Source(
            lambda asked: Remark.objects.filter(review__in=reviews(asked)),
            F("text"),
            "review__created_at",
            ["requirement__task", *(f"review__{path}" for path in related)],
            _show_remark,
            deferred=[f"review__{path}" for path in CONTENTS],
        ),
    ]


REVIEWS = _reviews(_visible(Review))
OWN_REVIEWS = [
    *_reviews(lambda asked: Review.objects.of_own_submissions(asked.user, asked.membership)),
    *_reviews(lambda asked: Review.objects.of_own_self_assessments(asked.user, asked.membership)),
]


def _show_rectification(row: Rectification, asked: Asked) -> Shown:
    return row.get_absolute_url(), row.title, f"{row.get_state_display()} · {row.institution.local_name}"


RECTIFICATIONS = [
    Source(_visible(Rectification), F("title"), "opened_at", ["institution"], _show_rectification),
    Source(
        _visible(RectificationStep),
        F("text"),
        "at",
        ["rectification__institution"],
        lambda row, asked: _show_rectification(row.rectification, asked),
    ),
]


def _show_request(row: ChangeRequest, asked: Asked) -> Shown:
    title = f"{row.get_kind_display()} · {_task(row.assignment.task)}"
    return row.get_absolute_url(), title, f"{row.get_state_display()} · {row.institution.local_name}"


REQUESTS = Source(
    _visible(ChangeRequest),
    Names("reason", "decision"),
    "requested_at",
    ["assignment__task", "assignment__institution"],
    _show_request,
)


def _show_urged(row: UrgedInstitution, asked: Asked) -> Shown:
    """On the page of the first task it was about; without one it stands in the inbox."""
    url = reverse("tasks:detail", args=row.assignments[:1]) if row.assignments else reverse("notices:inbox")
    return url, row.urging.subject, row.urging.authority.local_name


# A message is its authority's, and an institution reads its own copy: few rows either way.
URGINGS = Source(
    _visible(Urging),
    Names("subject", "text"),
    "created_at",
    ["authority"],
    lambda row, asked: (row.get_absolute_url(), row.subject, row.authority.local_name),
    is_indexed=False,
)
URGED = Source(
    _visible(UrgedInstitution),
    Names("urging__subject", KeyTextTransform("text", "facts", output_field=TextField())),
    "urging__created_at",
    ["urging__authority"],
    _show_urged,
    is_indexed=False,
)
