"""Search finds what a person may see, and nothing else, whatever is typed."""

import uuid

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Remark, ReviewDraft
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import INSTITUTION_NAMES, Institution
from portal.bigrams import bigrams, folded
from portal.shell.search.groups import GROUPS
from portal.shell.search.places import places_of
from portal.text_search import Bigrams, Folded, Names, holds
from tasks.enums import AssignmentState, RequestKind
from tasks.models import ChangeRequest, Evidence, UrgedInstitution, Urging
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.assessments import AnswerFactory, CycleFactory, ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, StatementFactory, SubmissionFactory
from tests.factories.vault import ExtractFactory

pytestmark = pytest.mark.django_db

TEXTS = {"statements", "justifications", "reviews", "rectifications", "requests", "urgings", "evidence"}
SIGNED, DRAFTED, WHISPERED = "鲸落海底", "雏鹰试飞", "夜半私语"


def search(client, user, text, name="search", **more):
    client.force_login(user)
    response = client.get(reverse(f"shell:{name}"), {"q": text, **more})
    assert response.status_code == 200
    return response.context


def found(client, user, text, **more) -> dict[str, list]:
    """The hits by group."""
    return {part.group.key: part.hits for part in search(client, user, text, **more).get("found", [])}


def titles(hits) -> list[str]:
    return ["".join(hit.title) for hit in hits]


def evidence(assignment, name, **fields):
    requirement = RequirementFactory(task=assignment.task)
    return EvidenceFactory(assignment=assignment, requirement=requirement, original_name=name, **fields)


def signed_content(requirement, justification) -> dict:
    entry = {"reference": requirement.reference, "text": requirement.text, "kind": "evidence", "binding": "mandatory"}
    entry |= {"weight": "1", "unit": "", "evidence": [], "answer": {}, "justification": justification}
    task = {"number": requirement.task.number, "title": requirement.task.title, "theme": 1, "weight": "1"}
    return {"tasks": [task | {"requirements": [entry]}]}


def everything_said(institution, authority) -> None:
    """Each kind of text holds SIGNED; what is not signed or not sent holds DRAFTED, or WHISPERED for a reviewer's."""
    now = timezone.now()
    assignment = AssignmentFactory(institution=institution, state=AssignmentState.IN_PROGRESS)
    requirement = RequirementFactory(task=assignment.task)
    statement = StatementFactory(assignment=assignment, requirement=requirement, text=f"已完成{SIGNED}。")
    submission = SubmissionFactory(assignment=assignment)
    statement.text = f"已完成{SIGNED}，另有{DRAFTED}。"
    statement.save()
    evidence(assignment, f"{SIGNED}.txt", frozen_at=now)
    evidence(assignment, f"{DRAFTED}.txt")
    cycle = CycleFactory(plan=assignment.task.plan)
    content = signed_content(requirement, f"见{SIGNED}。")
    signed = SelfAssessmentFactory(
        cycle=cycle, institution=institution, state=SelfAssessmentState.RETURNED, content=content
    )
    draft = SelfAssessmentFactory(cycle=cycle, institution=institution, version=2)
    AnswerFactory(self_assessment=draft, requirement=requirement, justification=DRAFTED)
    review = ReviewFactory(submission=submission, authority=authority, comment=f"关于{SIGNED}的意见")
    Remark.objects.create(review=review, requirement=requirement, text=f"请说明{SIGNED}")
    ReviewFactory(self_assessment=signed, authority=authority, verdict=Verdict.RETURNED, comment=SIGNED)
    ReviewDraft.objects.create(
        submission=submission, authority=authority, reviewer=UserFactory(), comment=WHISPERED,
        remarks={requirement.pk: {"verdict": "returned", "text": WHISPERED}},
    )  # fmt: skip
    RectificationFactory(institution=institution, authority=authority, title=SIGNED)
    ChangeRequest.objects.create(
        assignment=assignment, kind=RequestKind.NOT_APPLICABLE, reason=f"没有{SIGNED}", old_deadline=now.date(),
        requested_by=UserFactory(),
    )  # fmt: skip
    urging = Urging.objects.create(
        authority=authority, by=UserFactory(), subject="催办", text=f"请办理{SIGNED}", roles=[], assignments=1,
        institutions=1, people=1,
    )  # fmt: skip
    UrgedInstitution.objects.create(
        urging=urging, institution=institution, assignments=[assignment.pk], people=1,
        facts={"text": f"请贵单位办理{SIGNED}"},
    )  # fmt: skip


# --- Who finds what ---------------------------------------------------------------------------------------


@pytest.fixture
def world():
    institution = InstitutionFactory(name="申江证券有限公司")
    authority = AuthorityFactory()
    everything_said(institution, authority)
    return institution, authority


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


# --- Bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\u3000\n", "\0", "\u200b\u200d", "x" * 101, "安" * 10_000])
def test_what_is_no_word_is_explained_and_kept(client, text):
    user = member(InstitutionFactory(), Role.CIO)
    for name in ("search", "search_found"):
        form = search(client, user, text, name)["form"]
        assert form.errors["q"]
        assert form["q"].value() == text
    assert not client.get(reverse("shell:search")).context["form"].errors


SIGNS = ["%", "_", "\\", "'", '"', "a", "%%", "__", "\\\\", "' OR 1=1 --", "😀", "👩\u200d💻", "<b>"]


def test_signs_mean_themselves(client, world):
    for user in (member(world[0], Role.CIO), member(world[1], Role.SUPERVISOR)):
        for text in SIGNS:
            assert not found(client, user, text), text
        assert "<b>" not in client.get(reverse("shell:search_found"), {"q": "<b>"}).content.decode()


def test_wrong_groups_and_pages_are_refused_in_words(client):
    user = member(InstitutionFactory(), Role.CIO)
    assert search(client, user, "演练", group="people")["form"].errors["group"]
    assert search(client, user, "演练", page="-1")["form"].errors["page"]


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=20)
LIKELY = st.text("申江证券安全abXYＡＢ０９.%_\\'\" ¦\0\u3000ÄIİΣſﬁ⼯😀", max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANYTHING | LIKELY)
@example("\ud7ff\U0010ffff")
def test_whatever_is_typed_is_answered(client, world, text):
    for user in (member(world[0], Role.CIO), member(world[1], Role.SUPERVISOR)):
        for hits in found(client, user, text).values():
            assert len(hits) <= 5


@settings(max_examples=50, deadline=None)
@given(said=ANYTHING | LIKELY, start=st.integers(0, 20), length=st.integers(2, 20))
def test_each_part_of_a_name_finds_it_and_nothing_else_does(said, start, length):
    """What is found holds the words, as `folded` compares them; PostgreSQL folds as Python does."""
    said = said.replace("\0", "")
    part = folded(folded(said)[start : start + length])
    institution = InstitutionFactory(name=said)
    rows = Institution.objects.filter(pk=institution.pk)
    if len(part) > 1:
        assert rows.filter(holds(Names(*INSTITUTION_NAMES), part)).exists() == (part in stored_folded(rows))
    for row in Institution.objects.filter(holds(Names("name"), "证券")):
        assert "证券" in folded(row.name)


def stored_folded(rows) -> str:
    return rows.annotate(folded=Folded(Names(*INSTITUTION_NAMES))).get().folded


@pytest.mark.parametrize(
    "said", ["第三条　信息安全（三级）\n Recovery：ＲＴＯ≤30", "⼯㎡ﬁ Ä", "a\u00adb\u200bc\ufeffd", "甲", ""]
)
def test_postgresql_folds_and_pairs_as_python_does(said):
    row = InstitutionFactory(name=said)
    rows = Institution.objects.annotate(folded=Folded("name"), pairs=Bigrams("name"))
    stored = rows.get(pk=row.pk)
    assert stored.folded == folded(said)
    assert sorted(stored.pairs) == (sorted(bigrams(said)) if len(folded(said)) > 1 else [])


# --- What it costs ----------------------------------------------------------------------------------------


def test_queries_are_constant(client, world, django_assert_max_num_queries):
    institution, authority = world
    counts = []
    people = [member(institution, Role.CIO), member(authority, Role.SUPERVISOR)]
    for _round in range(2):
        for user in people:
            client.force_login(user)
            with django_assert_max_num_queries(60) as taken:
                client.get(reverse("shell:search_found"), {"q": SIGNED})
            counts.append(len(taken))
        everything_said(institution, authority)
        everything_said(institution, authority)
    assert counts[:2] == counts[2:]


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ("institution_names", lambda: Institution.objects.filter(holds(Names(*INSTITUTION_NAMES), "东方"))),
        (
            "evidence_names_signed",
            lambda: Evidence.objects.filter(holds(Names("original_name"), "东方"), frozen_at__isnull=False),
        ),
    ],
)
def test_the_index_answers(index, rows):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # an empty table is read as fast
        cursor.execute("SET LOCAL enable_indexscan = off")
    assert index in rows().explain()


def test_every_group_has_a_name_of_its_own():
    assert len({group.key for group in GROUPS}) == len(GROUPS)
