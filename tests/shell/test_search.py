"""Search finds what a person may see, and nothing else."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.factories.vault import ExtractFactory

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


def test_evidence_is_found_by_what_it_says(client):
    assignment = AssignmentFactory()
    draft, signed = (evidence(assignment, name) for name in ("草稿.txt", "已签.txt"))
    signed.frozen_at = timezone.now()
    signed.save()
    for row in (draft, signed, evidence(AssignmentFactory(), "别家.txt")):
        ExtractFactory(stored=row.stored, text="本季度开展了应急 演练。")
    contributor = member(assignment.institution, Role.CONTRIBUTOR)
    assert set(search(client, contributor, "应急演练")["found"]["evidence"]) == {draft, signed}
    assert search(client, contributor, "急演")["found"]["evidence"]
    assert search(client, contributor, "演急")["nothing"]
    supervisor = member(AuthorityFactory(), Role.SUPERVISOR)
    assert search(client, supervisor, "应急演练")["found"]["evidence"] == [signed]
    elsewhere = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.SUPERVISOR)
    assert search(client, elsewhere, "应急演练")["nothing"]


def test_a_common_word_does_not_make_the_search_longer(client, monkeypatch):
    monkeypatch.setattr("portal.text_search.LOOKED_AT", 2)
    assignment = AssignmentFactory()
    for name in ("一.txt", "二.txt", "三.txt"):
        ExtractFactory(stored=evidence(assignment, name).stored, text="信息安全")
    found = search(client, member(assignment.institution, Role.CIO), "安全")["found"]["evidence"]
    assert len(found) == 2
