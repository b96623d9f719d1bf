"""Two versions side by side: nothing of either text is lost, and only what may be read is shown."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assessments import actions
from assessments.differences import Change, Piece, differences
from assessments.enums import Verdict
from assessments.models import Answer, Remark, SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.enums import InstitutionKind, Role
from tasks.enums import AssignmentState
from tests.assessments.test_queue import self_assessment
from tests.assessments.world import returned as returned_for
from tests.assessments.world import seen, signed
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import ReviewFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory, fill_in, take_away

K = RequirementKind
KEPT, REMOVED, ADDED = Change.KEPT, Change.REMOVED, Change.ADDED
TEXTS = st.text(alphabet="制度已发布并执行。；\na. ", max_size=200)

# --- Texts ------------------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_both_texts_can_be_put_together_from_the_pieces(old, new):
    pieces = differences(old, new)
    assert "".join(text for change, text in pieces if change != ADDED) == old
    assert "".join(text for change, text in pieces if change != REMOVED) == new
    assert all(text for _change, text in pieces)
    assert (old == new) == all(change == KEPT for change, _text in pieces)


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("", "", []),
        ("已落实。", "已落实。", [(KEPT, "已落实。")]),
        ("", "已落实。", [(ADDED, "已落实。")]),
        ("已落实。", "", [(REMOVED, "已落实。")]),
        ("制度已制定。", "制度已制定并发布。", [(KEPT, "制度已制定"), (ADDED, "并发布"), (KEPT, "。")]),
        ("共 12 人。", "共 15 人。", [(KEPT, "共 1"), (REMOVED, "2"), (ADDED, "5"), (KEPT, " 人。")]),
        ("甲。乙。丙。", "甲。丙。", [(KEPT, "甲。"), (REMOVED, "乙。"), (KEPT, "丙。")]),
        # A single equal character between two changes is chance.
        ("系统的安全", "网络之安防", [(REMOVED, "系统的安全"), (ADDED, "网络之安防")]),
    ],
)
def test_what_is_marked(old, new, pieces):
    assert differences(old, new) == [Piece(*piece) for piece in pieces]


SENTENCES = "。".join(f"第{number}项制度已经董事会审议通过并印发各部门执行" for number in range(160))[:4000]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SENTENCES, SENTENCES.replace("通过", "批准")),
        (SENTENCES, SENTENCES[::-1]),
        ("ab" * 2000, "ba" * 1999 + "b"),
        ("啊。" * 2000, "x" + "啊。" * 2000),
        ("a\n" * 2000, "b\n" * 2000),
        ("甲" * 4000, "乙" + "甲" * 3000),
    ],
)
def test_the_longest_texts_take_no_time(old, new):
    start = time.perf_counter()
    pieces = differences(old, new)
    assert time.perf_counter() - start < 0.5
    assert "".join(text for change, text in pieces if change != ADDED) == old


def test_a_word_changed_in_every_sentence_is_marked_as_that_word():
    marked = {text for change, text in differences(SENTENCES, SENTENCES.replace("通过", "批准")) if change == ADDED}
    assert marked == {"批准"}


# --- Self-assessments -------------------------------------------------------------------------------------


def url(row, query="") -> str:
    name = "compare_self_assessment" if isinstance(row, SelfAssessment) else "compare_submission"
    return reverse(f"assessments:{name}", args=[row.pk]) + query


@pytest.fixture
def versions(world):
    """Returned, answered by a file less, another level, another text, a measure and a reply; the draft of that."""
    requirement = world.requirement(K.MATURITY)
    files = [
        EvidenceFactory(assignment=world.first_assignment, requirement=requirement, original_name=f"{name}.txt")
        for name in ("旧制度", "台账")
    ]
    Answer.objects.create(
        self_assessment=world.draft,
        requirement=requirement,
        level=2,
        justification="制度已制定。",
        updated_by=world.contributor,
    ).evidence.set(files)
    first = signed_as_it_is(world)
    actions.review_self_assessment(
        self_assessment=first,
        verdict=Verdict.RETURNED,
        remarks={requirement.pk: returned_for("请发布制度。")},
        by=world.supervisor,
        authority=world.authority,
    )
    second = SelfAssessment.objects.get(cycle=world.cycle, version=2)
    answer = second.answers.get(requirement=requirement)
    answer.level, answer.justification, answer.reply = 3, "制度已制定并发布。", "已于三月发布。"
    answer.measure, answer.measure_owner = "补充演练", "王五"
    answer.save()
    answer.evidence.set([files[1], EvidenceFactory(assignment=world.first_assignment, requirement=requirement)])
    return first, second


def signed_as_it_is(world, version=None) -> SelfAssessment:
    """Signed by way of its states, without asking whether everything was answered."""
    version = version or world.draft
    SelfAssessment.objects.filter(pk=version.pk).update(state="awaiting_signature", handed_in_at=version.created_at)
    version.refresh_from_db()
    return actions.sign(self_assessment=version, seen_sha256=seen(version), by=world.cio)


def test_the_draft_beside_what_was_returned(client, world, versions):
    second = versions[1]
    client.force_login(world.contributor)
    page = client.get(url(second))
    text = " ".join(page.text.split())
    assert "制度已制定<ins>并发布</ins>。" in text
    assert "<del>2 级" in text
    assert "<ins>3 级" in text
    assert "<ins>补充演练</ins>" in text
    assert "<ins>王五</ins>" in text
    assert "旧制度.txt</a> </del>" in text
    assert "<del> <svg" in text
    assert "请发布制度。" in text
    assert "已于三月发布。" in text
    assert text.count('class="compared"') == 1


def test_a_toggle_shows_what_stayed(client, world, versions):
    second = versions[1]
    client.force_login(world.contributor)
    page = client.get(url(second, "?show=all"))
    assert page.text.count('class="compared"') == 8


def test_a_supervisor_compares_what_was_signed(client, world, versions):
    first, second = versions
    client.force_login(world.supervisor)
    assert client.get(url(second)).status_code == 404
    assert client.get(url(first, f"?with={second.pk}")).status_code == 404
    signed_as_it_is(world, second)
    review = client.get(reverse("assessments:review_self_assessment", args=[second.pk]))
    assert url(second) in review.text
    assert url(first) not in review.text
    page = client.get(url(second))
    assert "<ins>并发布</ins>" in page.text
    assert page.text.count("已于三月发布。") == 1
    assert "<ins>并发布</ins>" in client.get(url(first, f"?with={second.pk}")).text


def test_what_was_signed_and_never_the_live_answers(client, world, versions):
    second = versions[1]
    signed_as_it_is(world, second)
    Answer.objects.filter(self_assessment=second).update(justification="之后改动的内容")
    client.force_login(world.supervisor)
    assert "之后改动" not in client.get(url(second)).text


@pytest.mark.parametrize("who", ["contributor", "liaison", "cio", "supervisor", "lead", "observer"])
def test_who_compares(client, world, versions, who):
    second = versions[1]
    signed_as_it_is(world, second)
    client.force_login(getattr(world, who))
    assert client.get(url(second)).status_code == 200
    assert client.post(url(second)).status_code == 405


def test_others_find_nothing(client, world, versions):
    second = versions[1]
    signed_as_it_is(world, second)
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    for user in (member(InstitutionFactory(), Role.CIO), member(elsewhere, Role.LEAD_SUPERVISOR)):
        client.force_login(user)
        assert client.get(url(second)).status_code == 404


@pytest.mark.parametrize("other", ["0", "x", "-1", "99999999999999999999"])
def test_a_version_that_is_not_there_is_not_found(client, world, versions, other):
    client.force_login(world.contributor)
    assert client.get(url(versions[1], f"?with={other}")).status_code == 404


def test_another_institutions_version_is_not_found(client, world, versions):
    other = self_assessment(1, cycle=world.cycle)
    client.force_login(world.supervisor)
    assert client.get(url(versions[0], f"?with={other.pk}")).status_code == 404


def test_a_first_version_has_nothing_before_it(client, world):
    version = signed(world)
    client.force_login(world.contributor)
    page = client.get(url(version), follow=True)
    assert "没有更早的版本可以比较。" in page.text
    assert url(version) not in page.text


# --- Submissions ------------------------------------------------------------------------------------------


@pytest.fixture
def submissions(world):
    """Two of the first task: a text changed, and a file was added."""
    take_away(world.first_assignment)
    assignment = AssignmentFactory(task=world.first, institution=world.institution, state=AssignmentState.SUBMITTED)
    first = SubmissionFactory(assignment=fill_in(assignment))
    requirement = world.requirement(K.MATURITY)
    review = ReviewFactory(submission=first, verdict=Verdict.RETURNED, authority=world.authority)
    Remark.objects.create(review=review, requirement=requirement, text="请补充台账。")
    assignment.statements.filter(requirement=requirement).update(text="已按要求落实，并建立台账。")
    EvidenceFactory(assignment=assignment, requirement=requirement, original_name="新台账.txt")
    return first, SubmissionFactory(assignment=assignment)


@pytest.mark.parametrize("who", ["contributor", "liaison", "cio", "supervisor", "lead", "observer"])
def test_submissions_side_by_side(client, world, submissions, who):
    client.force_login(getattr(world, who))
    text = " ".join(client.get(url(submissions[1])).text.split())
    assert "已按要求落实<ins>，并建立台账</ins>。" in text
    assert "新台账.txt</a> </ins>" in text
    assert "请补充台账。" in text
    assert text.count('class="compared"') == 1


def test_submissions_of_others_and_of_other_work_are_not_found(client, world, submissions):
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    for user in (member(InstitutionFactory(), Role.CIO), member(elsewhere, Role.LEAD_SUPERVISOR)):
        client.force_login(user)
        assert client.get(url(submissions[1])).status_code == 404
    client.force_login(world.supervisor)
    assert client.get(url(submissions[1], f"?with={SubmissionFactory().pk}")).status_code == 404


def test_a_comparison_costs_the_same_however_many_versions(client, world, submissions):
    client.force_login(world.supervisor)
    costs = []
    for _ in range(3):
        latest = SubmissionFactory(assignment=submissions[0].assignment)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(latest, f"?with={submissions[0].pk}&show=all")).status_code == 200
        costs.append(len(queries))
    assert len(set(costs)) == 1
