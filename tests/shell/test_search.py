"""Search finds what a person may see, and nothing else."""

import pytest
from django.urls import reverse

from portal.accounts.enums import InstitutionKind, Role
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory

pytestmark = pytest.mark.django_db


def search(client, user, text):
    client.force_login(user)
    return client.get(reverse("shell:search"), {"q": text}).context


def evidence(assignment, name):
    requirement = RequirementFactory(task=assignment.task)
    return EvidenceFactory(assignment=assignment, requirement=requirement, original_name=name)


def test_an_institution_finds_its_own_work_only(client):
    assignment, another = AssignmentFactory(), AssignmentFactory()
    own = evidence(assignment, "演练记录.pdf")
    evidence(another, "演练记录-别家.pdf")
    user = member(assignment.institution, Role.CONTRIBUTOR)
    assert search(client, user, "演练")["found"]["evidence"] == [own]
    assert search(client, user, assignment.task.title)["found"]["assignments"] == [assignment]
    assert "institutions" not in search(client, user, "示例")["found"]


def test_a_task_is_found_by_its_number(client):
    assignment = AssignmentFactory()
    user = member(assignment.institution, Role.CONTRIBUTOR)
    assert search(client, user, str(assignment.task.number))["found"]["assignments"] == [assignment]


def test_a_supervisor_finds_the_institutions_in_scope_only(client):
    authority = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    inside = InstitutionFactory(name="申江期货有限公司", kind=InstitutionKind.FUTURES)
    InstitutionFactory(name="申江证券有限公司", kind=InstitutionKind.SECURITIES)
    user = member(authority, Role.SUPERVISOR)
    assert search(client, user, "申江")["found"]["institutions"] == [inside]
    assert search(client, user, inside.credit_code[:12])["found"]["institutions"] == [inside]


def test_nothing_found_says_so_and_an_empty_question_is_explained(client):
    user = member(InstitutionFactory(), Role.CIO)
    assert search(client, user, "没有这样的东西")["nothing"]
    assert search(client, user, "")["form"].errors
    assert not client.get(reverse("shell:search")).context["form"].errors
