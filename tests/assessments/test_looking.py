"""A signed self-assessment's files, one after the other."""

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.models import SelfAssessment
from plan.enums import RequirementKind as K
from portal.accounts.enums import Role
from tests.assessments.world import answer_all, draft, seen
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.tasks import EvidenceFactory


@pytest.fixture
def files(world):
    """Two files; the second answers two requirements."""
    answer_all(world)
    requirements = [world.requirement(kind) for kind in (K.EVIDENCE, K.MATURITY, K.RATIO)]
    first, second = (
        EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for requirement in requirements[:2]
    )
    answered = dict(zip(requirements, [[first.pk], [second.pk], [second.pk]], strict=True))
    revisions = dict(world.draft.answers.values_list("requirement", "revision"))
    actions.save_answers(
        self_assessment=world.draft,
        drafts={r.pk: draft(r, evidence=pks, revision=revisions[r.pk]) for r, pks in answered.items()},
        by=world.contributor,
    )
    return first, second


@pytest.fixture
def signed(world, files) -> SelfAssessment:
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    return actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)


def url(self_assessment, file, query="") -> str:
    return reverse("assessments:evidence", args=[self_assessment.pk, file.pk]) + query


@pytest.mark.parametrize("who", ["contributor", "liaison", "cio", "supervisor", "lead", "observer"])
def test_one_steps_through_in_the_signed_order(client, world, signed, files, who):
    first, second = files
    client.force_login(getattr(world, who))
    page = client.get(url(signed, first)).text
    assert "1 / 2" in page, "a file that answers two requirements comes once"
    assert url(signed, second) in page
    page = client.get(url(signed, second)).text
    assert "2 / 2" in page
    back = "review_self_assessment" if who in ("supervisor", "lead", "observer") else "detail"
    assert reverse(f"assessments:{back}", args=[signed.pk]) in page


def test_the_filters_of_the_queue_come_along(client, world, signed, files):
    client.force_login(world.supervisor)
    page = client.get(url(signed, files[0], "?type=self")).text
    assert url(signed, files[1], "?type=self") in page
    assert reverse("assessments:review_self_assessment", args=[signed.pk]) + "?type=self" in page


def test_the_review_leads_there(client, world, signed, files):
    client.force_login(world.supervisor)
    review = reverse("assessments:review_self_assessment", args=[signed.pk])
    page = client.get(f"{review}?type=self").text
    assert url(signed, files[0], "?type=self") in page


def test_what_is_not_signed_has_no_such_page(client, world, files):
    client.force_login(world.cio)
    assert client.get(url(world.draft, files[0])).status_code == 404


def test_only_its_own_files_are_shown_there(client, world, signed, files):
    other = EvidenceFactory(
        assignment=world.first_assignment, requirement=files[0].requirement, frozen_at=timezone.now()
    )
    client.force_login(world.supervisor)
    assert client.get(other.get_absolute_url()).status_code == 200
    assert client.get(url(signed, other)).status_code == 404


def test_others_do_not_get_there(client, signed, files):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert client.get(url(signed, files[0])).status_code == 404
