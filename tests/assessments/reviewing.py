"""Signed work to review, and what a reviewer types on its page."""

from assessments.enums import Verdict
from plan.enums import RequirementKind
from tasks.enums import AssignmentState
from tasks.models import Submission
from tests.factories.tasks import AssignmentFactory, SubmissionFactory, fill_in, take_away

KINDS = ["submissions", "self-assessments"]


def submitted(world) -> Submission:
    """What the CIO signed for the first task."""
    take_away(world.first_assignment)
    assignment = AssignmentFactory(task=world.first, institution=world.institution, state=AssignmentState.SUBMITTED)
    return SubmissionFactory(assignment=fill_in(assignment))


def asks_for_two(world) -> None:
    world.plan.needs_second_review = True
    world.plan.save(update_fields=["needs_second_review"])


def typed(world, revision: int = 0, text: str = "请补充制度文件。", **data) -> dict:
    """A page on which one requirement is returned and another accepted with a comment."""
    first, other = (world.requirement(kind).pk for kind in (RequirementKind.MATURITY, RequirementKind.DATE))
    return {
        "revision": str(revision),
        "comment": "总体看法",
        f"verdict_{first}": Verdict.RETURNED.value,
        f"text_{first}": text,
        f"verdict_{other}": Verdict.ACCEPTED.value,
        f"text_{other}": "此项无误。",
        **data,
    }
