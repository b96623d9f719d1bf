"""不适用 granted while a self-assessment is open: the task is asked no longer, and what was answered stays."""

import pytest
from django.core.exceptions import ValidationError

from assessments import actions
from assessments.answers import asked_by
from assessments.completeness import missing
from assessments.content import content_to_sign, digests_to_sign
from tasks.enums import RequestKind
from tasks.requests import file_request, grant_request
from tests.assessments.world import answer_all, build_world, hand_in, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return build_world()


def exempt_the_second_task(world) -> None:
    assignment = world.institution.assignments.get(task=world.second)
    request = file_request(
        assignment=assignment, kind=RequestKind.NOT_APPLICABLE, reason="未开展相关业务。", by=world.contributor
    )
    grant_request(request=request, authority=world.authority, by=world.supervisor)


def tasks_of(content) -> list[int]:
    return [task["number"] for task in content["tasks"]]


def test_its_requirements_are_asked_no_longer(world):
    before = list(asked_by(world.draft))
    assert {requirement.task for requirement in before} == {world.first, world.second}
    exempt_the_second_task(world)
    assert list(asked_by(world.draft)) == [one for one in before if one.task == world.first]


def test_answers_stay_and_are_neither_missed_nor_signed(world):
    answer_all(world)
    answered = world.draft.answers.count()
    assert tasks_of(content_to_sign(world.draft)) == [1, 2]
    exempt_the_second_task(world)
    assert world.draft.answers.count() == answered
    assert tasks_of(content_to_sign(world.draft)) == [1]
    assert not missing(world.draft)


def test_what_was_never_answered_holds_nothing_up(world):
    """Nothing of the exempted task was filled in, and the rest is handed in."""
    answer_all(world)
    world.draft.answers.filter(requirement__task=world.second).delete()
    assert missing(world.draft)
    exempt_the_second_task(world)
    actions.hand_in(self_assessment=world.draft, by=world.contributor)


def test_granted_while_the_cio_reads_what_is_signed_is_read_again(world):
    handed_in = hand_in(world)
    read = seen(handed_in)
    exempt_the_second_task(world)
    with pytest.raises(ValidationError) as error:
        actions.sign(self_assessment=handed_in, seen_sha256=read, by=world.cio)
    assert error.value.code == "changed"
    content = content_to_sign(handed_in)
    signed = actions.sign(self_assessment=handed_in, seen_sha256=digests_to_sign(content).sha256, by=world.cio)
    assert tasks_of(signed.content) == [1]
