"""Reads signed content for display: the frozen JSON of a submission or a self-assessment, or what would be frozen now.

Live rows add only what a signature does not cover: the translation of an unchanged text, and how a file is shown.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.completeness import completely_answered
from assessments.content import entry_of
from assessments.enums import SelfAssessmentState
from assessments.models import Answer, SelfAssessment
from plan.enums import RequirementKind
from plan.models import Requirement
from portal.accounts.models import User
from portal.audit.canonical import as_plain
from tasks.enums import AssignmentState
from tasks.models import Evidence, Submission
from vault.file_types import PDF
from vault.serving import is_shown_inline


@dataclass(frozen=True)
class SignedFile:
    """`url` is where the bytes are, `page_url` where the file is looked at; empty when the reader may not open it."""

    name: str
    size: int
    sha256: str
    url: str
    page_url: str
    is_image: bool
    is_pdf: bool


@dataclass(frozen=True)
class SignedMeasure:
    """What is planned where a gap remains. In a draft, any part may still be missing."""

    text: str
    owner: str
    due_on: datetime.date | None


@dataclass(frozen=True)
class SignedRequirement:
    """`answer` is the value in words, empty for a submission; `said` the statement or the justification.

    `is_complete` is what `assessments/completeness.py` says; a submission's requirements are all False.
    `reply` answers why the version before was returned for this requirement.
    """

    reference: str
    text: str
    requirement: Requirement
    answer: str
    criterion: str
    said: str
    files: list[SignedFile]
    is_complete: bool = False
    measure: SignedMeasure | None = None
    reply: str = ""

    @property
    def progress(self) -> str:
        """How far the answer is, as the name of a state in portal/states.py."""
        if self.is_complete:
            return "answered"
        return "in_progress" if self.answer or self.said else "not_started"


@dataclass(frozen=True)
class SignedTask:
    number: int
    title: str
    theme: str
    requirements: list[SignedRequirement]

    @property
    def complete(self) -> int:
        return sum(requirement.is_complete for requirement in self.requirements)

    @property
    def progress(self) -> str:
        states = {requirement.progress for requirement in self.requirements}
        return states.pop() if len(states) == 1 else "in_progress"


def read_signed(signed: Submission | SelfAssessment, user: User, query: str = "") -> list[SignedTask]:
    """What was signed. `query`, the filters of the queue one came from, goes along to the pages of its files."""
    complete = completely_answered(signed) if isinstance(signed, SelfAssessment) else ()
    return read_content(signed.content, plan_of(signed), user, page_url=_page_within(signed, query), complete=complete)


def read_draft(self_assessment: SelfAssessment, user: User, content: dict[str, Any]) -> list[SignedTask]:
    """`content` is what a signature would freeze now."""
    complete = completely_answered(self_assessment)
    return read_content(content, self_assessment.cycle.plan_id, user, complete=complete)


def read_answer(requirement: Requirement, answer: Answer) -> SignedRequirement:
    """One answer as it is saved, its files by name."""
    entry = as_plain(entry_of(requirement, answer))
    return _requirement(entry, requirement, {}, Evidence.get_absolute_url, ())


def read_content(
    content: dict[str, Any],
    plan_id: int,
    user: User,
    page_url: Callable[[Evidence], str] = Evidence.get_absolute_url,
    complete: Container[int] = (),
) -> list[SignedTask]:
    """The content's tasks as `user` may see them, in three queries at most.

    `complete` holds the ids of the requirements that are answered completely.
    """
    tasks = _tasks(content)
    live = _live_requirements(content, plan_id)
    files = _live_files(content, user)
    return [
        SignedTask(
            task["number"],
            _title(task, [live[entry["reference"]] for entry in task["requirements"]]),
            live[task["requirements"][0]["reference"]].task.theme.local_title,
            [
                _requirement(entry, live[entry["reference"]], files, page_url, complete)
                for entry in task["requirements"]
            ],
        )
        for task in tasks
        if task["requirements"]
    ]


def _page_within(signed: Submission | SelfAssessment, query: str) -> Callable[[Evidence], str]:
    """Where a file is looked at as one of those that were signed together."""
    if isinstance(signed, Submission):
        within = "&".join(filter(None, [f"submission={signed.pk}", query]))
        return lambda file: f"{file.get_absolute_url()}?{within}"
    return lambda file: f"{evidence_url(signed, file.pk)}?{query}".rstrip("?")


def evidence_url(self_assessment: SelfAssessment, pk: UUID | str) -> str:
    return reverse("assessments:evidence", args=[self_assessment.pk, pk])


def requirements_signed(signed: Submission | SelfAssessment) -> dict[str, Requirement]:
    """The requirements that the signed content covers, by reference."""
    return _live_requirements(signed.content, plan_of(signed))


def plan_of(signed: Submission | SelfAssessment) -> int:
    if isinstance(signed, Submission):
        return signed.assignment.task.plan_id
    return signed.cycle.plan_id


def review_url(signed: Submission | SelfAssessment) -> str:
    """Where a supervisor reads it."""
    name = "review_submission" if isinstance(signed, Submission) else "review_self_assessment"
    return reverse(f"assessments:{name}", args=[signed.pk])


def target_of(signed: Submission | SelfAssessment) -> dict[str, Submission | SelfAssessment]:
    """By which field reviews and their drafts are about it."""
    return {"submission" if isinstance(signed, Submission) else "self_assessment": signed}


def awaits_verdict(signed: Submission | SelfAssessment) -> bool:
    """Whether nobody has judged it, withdrawn it or put a newer version in its place."""
    if isinstance(signed, SelfAssessment):
        return signed.state == SelfAssessmentState.SUBMITTED
    assignment = signed.assignment
    is_latest = not assignment.submissions.filter(number__gt=signed.number).exists()
    return assignment.state == AssignmentState.SUBMITTED and is_latest


def _tasks(content: dict[str, Any]) -> list[dict[str, Any]]:
    """A submission holds one task, a self-assessment all that were asked."""
    if "tasks" in content:
        return content["tasks"]
    return [{**content["task"], "requirements": content["requirements"]}]


def entries_of(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The requirements of a signed content, in its order."""
    return (entry for task in _tasks(content) for entry in task["requirements"])


def _live_requirements(content: dict[str, Any], plan_id: int) -> dict[str, Requirement]:
    references = {entry["reference"] for entry in entries_of(content)}
    rows = Requirement.objects.filter(
        task__plan=plan_id, task__number__in={int(reference.split(".")[0]) for reference in references}
    ).select_related("task__theme")
    return {row.reference: row for row in rows if row.reference in references}


def _live_files(content: dict[str, Any], user: User) -> dict[str, Evidence]:
    ids = {file["id"] for entry in entries_of(content) for file in entry["evidence"]}
    return {str(file.pk): file for file in Evidence.objects.visible_to(user).filter(pk__in=ids)}


def _title(task: dict[str, Any], requirements: Iterable[Requirement]) -> str:
    live = next(iter(requirements)).task
    return live.local_title if live.title == task["title"] else task["title"]


def _requirement(
    entry: dict[str, Any],
    live: Requirement,
    files: dict[str, Evidence],
    page_url: Callable[[Evidence], str],
    complete: Container[int],
) -> SignedRequirement:
    return SignedRequirement(
        reference=entry["reference"],
        text=live.local_text if live.text == entry["text"] else entry["text"],
        requirement=live,
        answer=answer_in_words(entry),
        criterion=_criterion(entry, live),
        said=_said(entry),
        files=[_file(file, files.get(file["id"]), page_url) for file in entry["evidence"]],
        is_complete=live.pk in complete,
        measure=_measure(entry.get("measure")),
        reply=entry.get("reply", ""),
    )


def _measure(entry: dict[str, Any] | None) -> SignedMeasure | None:
    if not entry:
        return None
    due_on = entry["due_on"]
    return SignedMeasure(entry["text"], entry["owner"], datetime.date.fromisoformat(due_on) if due_on else None)


@dataclass(frozen=True)
class EarlierAnswer:
    """An answer to compare with: the value in words, what was said, and the names of the files."""

    answer: str
    said: str
    files: list[str]


def earlier_answers(content: dict[str, Any]) -> dict[str, EarlierAnswer]:
    """The answers of another version by reference, without a look at live rows."""
    return {
        entry["reference"]: EarlierAnswer(answer_in_words(entry), _said(entry), [f["name"] for f in entry["evidence"]])
        for entry in entries_of(content)
    }


def _said(entry: dict[str, Any]) -> str:
    return entry["statement"] if "statement" in entry else entry["justification"]


def _file(entry: dict[str, Any], live: Evidence | None, page_url: Callable[[Evidence], str]) -> SignedFile:
    is_pdf = bool(live and live.content_type == PDF.content_type)
    is_shown = bool(live and live.stored.is_clean and is_shown_inline(live.stored))
    return SignedFile(
        name=entry["name"],
        size=entry["size"],
        sha256=entry["sha256"],
        url=live.file_url if live else "",
        page_url=page_url(live) if live else "",
        is_image=is_shown and not is_pdf,
        is_pdf=is_shown and is_pdf,
    )


def _criterion(entry: dict[str, Any], live: Requirement) -> str:
    signed = entry.get("criterion", "")
    level = entry.get("answer", {}).get("level")
    if signed and level < len(live.criteria) and live.criteria[level]["zh"] == signed:
        return live.local_criteria[level]
    return signed


def answer_in_words(entry: dict[str, Any]) -> str:
    """The value of a requirement's entry in the active language; empty without one."""
    answer = entry.get("answer")
    if not answer:
        return ""
    match entry["kind"]:
        case RequirementKind.EVIDENCE:
            return _("到位") if answer["in_place"] else _("未到位")
        case RequirementKind.YES_NO:
            return _("是") if answer["in_place"] else _("否")
        case RequirementKind.MATURITY:
            return _("%(level)s 级") % answer
        case RequirementKind.RATIO:
            return _("%(percentage)s%%（%(numerator)s ÷ %(denominator)s）") % {
                "percentage": entry["percentage"],
                "numerator": number_in_words(answer["numerator"]),
                "denominator": number_in_words(answer["denominator"]),
            }
        case RequirementKind.NUMBER:
            return f"{number_in_words(answer['number'])} {entry['unit']}".strip()
        case _:
            return answer["date"]


def number_in_words(value: str | Decimal) -> str:
    """With thousands separators and without needless zeros."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
