"""The page that explains a score: who may read it, and that it says what counts, what does not, and why."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments import actions
from assessments.scores import SCORE_RULE, in_words, scores_of
from plan.enums import RequirementKind
from portal.accounts.enums import InstitutionKind, Role
from tasks.enums import AssignmentState
from tests.assessments.world import answer_all, draft, signed
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory

INSIDE = ["contributor", "liaison", "cio"]
ABOVE = ["supervisor", "lead", "observer"]


def why(self_assessment) -> str:
    return reverse("assessments:score", args=[self_assessment.pk])


@pytest.mark.parametrize("who", [*INSIDE, *ABOVE])
def test_a_draft_is_the_institutions_and_a_signed_version_its_supervisors_too(client, world, who):
    client.force_login(getattr(world, who))
    assert client.get(why(world.draft)).status_code == (200 if who in INSIDE else 404)
    version = signed(world)
    assert client.get(why(version)).status_code == 200


def test_others_find_nothing(client, world):
    version = signed(world)
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    for user in (member(InstitutionFactory(), Role.CIO), member(elsewhere, Role.LEAD_SUPERVISOR)):
        client.force_login(user)
        assert client.get(why(version)).status_code == 404


def test_it_shows_the_rule_and_every_part_of_the_score(client, world):
    version = signed(world)
    client.force_login(world.contributor)
    page = client.get(why(version))
    text = page.content.decode()
    assert str(SCORE_RULE) in text
    assert page.context["whole"].value == scores_of(version.content).whole.value
    (theme,) = page.context["themes"]
    assert [task.score.number for task in theme.tasks] == [1, 2]
    assert [len(task.requirements) for task in theme.tasks] == [6, 2]
    # 4 1/3 for the first task and 5 for the second, of equal weight.
    assert "9.33 ÷ 权重合计 2 ≈ 4.7" in text
    assert text.count('<span class="cell-note">只填报，不评分') == 3


def test_what_is_unanswered_or_not_applicable_says_so(client, world):
    answer_all(world)
    world.draft.answers.filter(requirement__task=world.second).delete()
    world.draft.answers.filter(requirement__kind=RequirementKind.MATURITY).delete()
    exempt = TaskFactory(theme=world.first.theme, number=3, title="不涉及的任务")
    RequirementFactory(task=exempt)
    AssignmentFactory(task=exempt, institution=world.institution, state=AssignmentState.NOT_APPLICABLE)
    client.force_login(world.cio)
    page = client.get(why(world.draft))
    text = page.content.decode()
    assert text.count("必选要求未填写，计 0 分") == 2
    assert text.count("鼓励要求未填写，不计入") == 1
    assert "不适用，未计入的任务" in text
    assert "不涉及的任务" in text
    assert in_words(page.context["whole"].value) == "1.7"


@pytest.mark.parametrize("who", ["contributor", "supervisor"])
def test_the_score_leads_there_from_every_page_that_shows_it(client, world, who):
    version = signed(world)
    client.force_login(getattr(world, who))
    page = client.get(version.get_absolute_url(), follow=True).content.decode()
    assert f'href="{why(version)}"' in page
    assert "<strong>4.7</strong>" in page
    lists = client.get(reverse("assessments:list")).content.decode()
    assert (why(version) in lists) == (who == "contributor")


def test_a_draft_shows_the_score_of_what_is_written(client, world):
    requirement = world.requirement(RequirementKind.MATURITY)
    actions.save_answers(
        self_assessment=world.draft, drafts={requirement.pk: draft(requirement, level=4)}, by=world.contributor
    )
    client.force_login(world.contributor)
    # 0, 4 and 0 in the first task; 0 in the second, whose encouraged requirement is left out.
    assert "<strong>0.7</strong>" in client.get(world.draft.get_absolute_url()).content.decode()


def test_nothing_rated_has_no_score_and_says_so(client, world):
    world.plan.tasks.get(number=1).requirements.exclude(kind="number").delete()
    world.second.requirements.filter(binding="mandatory").delete()
    client.force_login(world.contributor)
    assert "没有计分的要求，因此没有得分。" in client.get(why(world.draft)).content.decode()


def test_it_costs_the_same_with_another_task(client, world):
    version = world.draft
    client.force_login(world.contributor)
    counts = []
    for number in (3, 4):
        client.get(why(version))
        with CaptureQueriesContext(connection) as captured:
            client.get(why(version))
        counts.append(len(captured))
        task = TaskFactory(theme=world.first.theme, number=number)
        RequirementFactory(task=task)
        AssignmentFactory(task=task, institution=world.institution)
    assert counts[0] == counts[1]
