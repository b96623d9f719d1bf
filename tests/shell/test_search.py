"""Search finds what a person may see, and nothing else."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from portal.shell.search.places import places_of
from tasks.models import Evidence
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.factories.vault import ExtractFactory
from tests.shell.said import DRAFTED, SIGNED, TEXTS, WHISPERED, evidence, found, search, titles

pytestmark = pytest.mark.django_db


# --- Who finds what ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.LIAISON, Role.CIO])
def test_an_institution_finds_what_it_wrote_and_what_was_said_to_it(client, world, role):
    user = member(world[0], role)
    assert set(found(client, user, SIGNED)) == TEXTS
    assert set(found(client, user, DRAFTED)) == {"statements", "evidence"}
    assert not found(client, user, WHISPERED)
    assert not found(client, user, "申江证券")


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_a_supervisor_finds_what_was_signed_and_sent(client, world, role):
    user = member(world[1], role)
    assert set(found(client, user, SIGNED)) == TEXTS
    assert not found(client, user, DRAFTED)
    assert not found(client, user, WHISPERED)
    assert titles(found(client, user, "申江证券")["institutions"]) == ["申江证券有限公司"]


def test_others_find_nothing_of_it(client, world):
    other_kind = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    left = member(world[0], Role.CIO)
    left.memberships.update(is_active=False)
    for user in (
        member(InstitutionFactory(), Role.CIO),
        member(other_kind, Role.LEAD_SUPERVISOR),
        member(other_kind, Role.OBSERVER),
        left,
    ):
        for text in (SIGNED, DRAFTED, WHISPERED, "申江证券", "鲸"):
            assert not found(client, user, text), text


def test_another_authority_of_the_same_institutions_does_not_read_the_messages(client, world):
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    assert set(found(client, user, SIGNED)) == TEXTS - {"urgings"}


def test_what_is_found_opens(client, world):
    for user in (member(world[0], Role.CIO), member(world[1], Role.OBSERVER)):
        for hits in found(client, user, SIGNED).values():
            for hit in hits:
                assert client.get(hit.url, follow=True).status_code == 200, hit.url
                assert SIGNED in {hit.title.hit, hit.snippet and hit.snippet.hit}


def test_pages_are_those_of_the_role(client):
    inside, above = member(InstitutionFactory(), Role.CIO), member(AuthorityFactory(), Role.OBSERVER)
    assert titles(found(client, inside, "日历")["places"]) == ["期限日历"]
    assert titles(found(client, inside, "Calendar")["places"]) == ["期限日历"]
    assert "places" not in found(client, inside, "人员")
    assert "places" not in found(client, above, "审核")
    assert titles(found(client, member(AuthorityFactory(), Role.SUPERVISOR), "审核")["places"])[0] == "审核"


def test_every_page_that_is_offered_opens(client):
    for user in (member(InstitutionFactory(), Role.LIAISON), member(AuthorityFactory(), Role.LEAD_SUPERVISOR)):
        membership = user.memberships.get()
        client.force_login(user)
        for place in places_of(membership):
            assert client.get(reverse(place.url_name), follow=True).status_code == 200, place.url_name


# --- Names and numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["9", "任务9", "任务 ９", "task 9", "第9项任务", "#9"])
def test_a_task_is_found_by_its_number_first(client, text):
    assignment = AssignmentFactory(task=TaskFactory(number=9, title="数据备份"))
    AssignmentFactory(institution=assignment.institution, task__title="任务9以外的事 task 9 9", task__number=11)
    hits = found(client, member(assignment.institution, Role.CONTRIBUTOR), text)
    assert next(iter(hits)) == "tasks"
    assert hits["tasks"][0].url == assignment.get_absolute_url()


def test_a_requirement_is_found_by_its_reference(client):
    assignment = AssignmentFactory(task__number=9)
    RequirementFactory(task=assignment.task)
    requirement = RequirementFactory(task=assignment.task, text="数据异地备份")
    for text in ("9.2", "９．２", "异地备份"):
        hits = found(client, member(assignment.institution, Role.CONTRIBUTOR), text)
        assert hits["requirements"][0].url == f"{assignment.get_absolute_url()}#requirement-{requirement.pk}"
    above = found(client, member(AuthorityFactory(), Role.SUPERVISOR), "9.2")
    assert above["requirements"][0].url.endswith("#requirement-9.2")


def test_the_best_name_stands_first(client):
    for name, short in (("东方证券", ""), ("国都东方证券", "东方"), ("东方财富证券", ""), ("方圆证券", "")):
        InstitutionFactory(name=name, short_name=short)
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    assert titles(found(client, user, "东方")["institutions"]) == ["国都东方证券", "东方证券", "东方财富证券"]
    assert titles(found(client, user, "东")["institutions"]) == ["东方证券", "东方财富证券", "国都东方证券"]


def test_an_institution_is_found_by_code_and_english_name_in_any_width(client):
    institution = InstitutionFactory(name="申江期货", name_en="Shenjiang Futures")
    InstitutionFactory(name="别家期货", name_en="Other Futures")
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in institution.credit_code)
    code = institution.credit_code
    for text in (code, code.lower(), full_width, "SHENJIANG fut", "ｓｈｅｎｊｉａｎｇ"):
        assert titles(found(client, user, text)["institutions"]) == ["申江期货"], text


def test_plans_and_reports(client):
    report = ReportFactory()
    user = report.requested_by
    assert titles(found(client, user, report.plan.title)["plans"]) == [report.plan.title]
    for text in (report.number, report.number[9:], report.get_kind_display(), "status report"):
        assert [hit.url for hit in found(client, user, text)["reports"]] == [report.get_absolute_url()], text
    assert "reports" not in found(client, member(InstitutionFactory(), Role.CIO), report.number)


# --- Documents --------------------------------------------------------------------------------------------


def test_evidence_is_found_by_what_it_says(client):
    assignment = AssignmentFactory()
    draft, signed = (evidence(assignment, name) for name in ("草稿.txt", "已签.txt"))
    signed.frozen_at = timezone.now()
    signed.save()
    for row in (draft, signed, evidence(AssignmentFactory(), "别家.txt")):
        ExtractFactory(stored=row.stored, text="本季度开展了应急 演练。")
    contributor = member(assignment.institution, Role.CONTRIBUTOR)
    assert set(titles(found(client, contributor, "应急演练")["evidence"])) == {"草稿.txt", "已签.txt"}
    assert found(client, contributor, "急演")["evidence"][0].snippet.hit == "急 演"
    assert not found(client, contributor, "演急")
    supervisor = member(AuthorityFactory(), Role.SUPERVISOR)
    assert titles(found(client, supervisor, "应急演练")["evidence"]) == ["已签.txt"]
    elsewhere = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.SUPERVISOR)
    assert not found(client, elsewhere, "应急演练")


def test_a_common_word_does_not_make_the_search_longer(client, monkeypatch):
    monkeypatch.setattr("portal.text_search.LOOKED_AT", 2)
    assignment = AssignmentFactory()
    for name in ("一.txt", "二.txt", "三.txt"):
        ExtractFactory(stored=evidence(assignment, name).stored, text="信息安全")
    assert len(found(client, member(assignment.institution, Role.CIO), "安全")["evidence"]) == 2


def test_a_group_is_read_page_by_page(client):
    assignment = AssignmentFactory()
    requirement = RequirementFactory(task=assignment.task)
    first = EvidenceFactory(assignment=assignment, requirement=requirement)
    Evidence.objects.bulk_create(
        Evidence(
            institution=assignment.institution, assignment=assignment, requirement=requirement, stored=first.stored,
            original_name=f"演练{n}.txt", uploaded_by=first.uploaded_by, series=uuid.uuid4(),
        )
        for n in range(21)
    )  # fmt: skip
    user = member(assignment.institution, Role.CIO)
    whole = search(client, user, "演练")
    assert [(len(part.hits), part.more) for part in whole["found"]] == [(5, True)]
    pages = [found(client, user, "演练", group="evidence", page=page)["evidence"] for page in (1, 2)]
    assert [len(page) for page in pages] == [20, 1]
    assert len({hit.url for page in pages for hit in page}) == 21
    assert not found(client, user, "演练", group="evidence", page=3)
    assert not found(client, user, "演练", group="evidence", page=10**9)
