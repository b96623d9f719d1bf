"""What was said of a requirement: over all versions and cycles, of the judging and of the doing."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.enums import SelfAssessmentState, Verdict
from assessments.history import Comments, remarks_before, remarks_given
from assessments.models import Answer, Remark, Review, SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.enums import InstitutionKind, Role
from tasks.models import Submission
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

S = SelfAssessmentState


def days_ago(days: int) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


@pytest.fixture
def requirement(world):
    return world.requirement(RequirementKind.MATURITY)


def judged(world, requirement, days, text, *, cycle=None, version=1, verdict=Verdict.RETURNED) -> Review:
    """A version of the institution's self-assessment with the verdict on it, so many days ago."""
    signed = SelfAssessmentFactory(
        cycle=cycle or world.cycle,
        institution=world.institution,
        version=version,
        state=S.RETURNED if verdict == Verdict.RETURNED else S.ACCEPTED,
    )
    review = ReviewFactory(
        self_assessment=signed, authority=world.authority, verdict=verdict, created_at=days_ago(days)
    )
    Remark.objects.create(review=review, requirement=requirement, verdict=verdict, text=text)
    return review


def done(world, requirement, days, text, verdict=Verdict.RETURNED, institution=None) -> Review:
    elsewhere = institution and AssignmentFactory(task=world.first, institution=institution)
    submission = SubmissionFactory(assignment=elsewhere or world.first_assignment)
    review = ReviewFactory(submission=submission, authority=world.authority, verdict=verdict, created_at=days_ago(days))
    Remark.objects.create(review=review, requirement=requirement, verdict=verdict, text=text)
    return review


@pytest.fixture
def third(world, requirement) -> SelfAssessment:
    """The third version of this cycle; two were returned, as was one of the cycle before and two submissions."""
    SelfAssessment.objects.all().delete()
    before = CycleFactory(plan=world.plan, period_starts_on=datetime.date(2019, 1, 1))
    judged(world, requirement, 400, "上期退回", cycle=before)
    judged(world, requirement, 390, "上期接受", cycle=before, version=2, verdict=Verdict.ACCEPTED)
    judged(world, requirement, 30, "本期第一次退回")
    done(world, requirement, 25, "报送退回")
    judged(world, requirement, 20, "本期第二次退回", version=2)
    done(world, requirement, 10, "报送接受", verdict=Verdict.ACCEPTED)
    return SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=3)


def texts(comments: Comments) -> tuple[list[str], ...]:
    return tuple([said.remark.text for said in part] for part in (comments.open, comments.judging, comments.doing))


def test_all_versions_and_cycles_and_both_kinds_of_work(third, requirement):
    assert texts(remarks_before(third)[requirement.pk]) == (
        ["本期第二次退回"],
        ["本期第一次退回", "上期接受", "上期退回"],
        ["报送接受", "报送退回"],
    )
    assert remarks_before(third)[requirement.pk].more == 5


def test_the_doing_opens_with_its_own_last_return(world, third, requirement):
    waiting = SubmissionFactory(assignment=world.first_assignment)
    assert texts(remarks_before(waiting)[requirement.pk]) == (
        ["报送退回"],
        ["本期第二次退回", "本期第一次退回", "上期接受", "上期退回"],
        ["报送接受"],
    )


def test_an_earlier_version_knows_nothing_of_what_came_after(world, third, requirement):
    second = SelfAssessment.objects.get(cycle=world.cycle, version=2)
    assert texts(remarks_before(second)[requirement.pk]) == (
        ["本期第一次退回"],
        ["上期接受", "上期退回"],
        ["报送退回"],
    )
    assert texts(remarks_given(second.review)[requirement.pk]) == (["本期第二次退回"], [], [])
    first = SelfAssessment.objects.get(cycle=world.cycle, version=1)
    assert texts(remarks_before(first)[requirement.pk]) == ([], ["上期接受", "上期退回"], [])


def test_a_withdrawn_version_knows_nothing_of_later_ones_either(world, requirement):
    SelfAssessment.objects.all().delete()
    withdrawn = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, state=S.WITHDRAWN)
    judged(world, requirement, 3, "之后的退回", version=2)
    assert remarks_before(withdrawn) == {}


def test_only_of_the_institution_and_the_plan(world, third, requirement):
    other = CycleFactory(plan=world.plan)
    elsewhere = SelfAssessmentFactory(cycle=other, institution=InstitutionFactory(), state=S.RETURNED)
    Remark.objects.create(review=ReviewFactory(self_assessment=elsewhere), requirement=requirement, text="别家的意见")
    done(world, requirement, 5, "别家的报送意见", institution=InstitutionFactory())
    said = remarks_before(third)
    assert list(said) == [requirement.pk]
    assert not [text for part in texts(said[requirement.pk]) for text in part if "别家" in text]


def test_a_remark_without_words_is_no_comment(world, requirement):
    judged(world, requirement, 3, "", verdict=Verdict.ACCEPTED, version=2)
    assert remarks_before(SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=3)) == {}


# --- Replies ----------------------------------------------------------------------------------------------


def test_the_reply_is_that_of_the_version_after(world, requirement):
    SelfAssessment.objects.all().delete()
    judged(world, requirement, 30, "第一次")
    judged(world, requirement, 20, "第二次", version=2)
    third = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=3)
    for version, reply in ((1, "无关"), (2, "答复第一次"), (3, "尚未签署的答复")):
        Answer.objects.create(
            self_assessment=SelfAssessment.objects.get(cycle=world.cycle, version=version),
            requirement=requirement,
            reply=reply,
        )
    comments = remarks_before(third)[requirement.pk]
    assert [(said.remark.text, said.version, said.reply) for said in [*comments.open, *comments.judging]] == [
        ("第二次", 2, ""),
        ("第一次", 1, "答复第一次"),
    ]


def test_the_reply_of_a_submission_is_read_from_what_was_signed(world, requirement):
    done(world, requirement, 20, "请补充")
    latest = SubmissionFactory(assignment=world.first_assignment)
    content = {
        "task": {"number": 1},
        "requirements": [
            {"reference": "9.9", "reply": "别的要求"},
            {"reference": requirement.reference, "reply": "已补充：“台账”。"},
        ],
    }
    following = Submission(
        assignment=world.first_assignment,
        number=latest.number + 1,
        content=content,
        sha256="0" * 64,
        sm3="0" * 64,
        signed_by=UserFactory(),
    )
    review = ReviewFactory(submission=latest, verdict=Verdict.RETURNED, created_at=days_ago(1))
    Remark.objects.create(review=review, requirement=requirement, text="再补充")
    following.save()
    comments = remarks_before(following)[requirement.pk]
    assert [(said.remark.text, said.reply) for said in [*comments.open, *comments.doing]] == [
        ("再补充", "已补充：“台账”。"),
        ("请补充", ""),
    ]


# --- Pages and cost ---------------------------------------------------------------------------------------


def test_the_pages_show_the_last_return_and_keep_the_rest_at_hand(client, world, third, requirement):
    client.force_login(world.contributor)
    for page in ("assessments:detail", "assessments:task"):
        args = [third.pk] if page == "assessments:detail" else [third.pk, 1]
        text = client.get(reverse(page, args=args)).text
        assert "历次意见（5）" in text
        assert text.index("本期第二次退回") < text.index("历次意见") < text.index("上期退回") < text.index("报送退回")


def test_supervisors_of_the_institution_see_it_and_others_do_not(client, world, requirement):
    submission = SubmissionFactory(assignment=world.first_assignment)
    judged(world, requirement, 3, "自评中的意见", version=2)
    page = reverse("assessments:review_submission", args=[submission.pk])
    other = AuthorityFactory()
    for user in (world.supervisor, world.observer, member(other, Role.SUPERVISOR)):
        client.force_login(user)
        assert "自评中的意见" in client.get(page).text
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    client.force_login(member(elsewhere, Role.LEAD_SUPERVISOR))
    assert client.get(page).status_code == 404


def test_two_queries_however_much_was_said(world, requirement):
    costs = []
    for version in (2, 3, 4):
        judged(world, requirement, 20 - version, "退回", version=version)
        done(world, requirement, 20 - version, "退回")
        latest = SelfAssessmentFactory(cycle=CycleFactory(plan=world.plan), institution=world.institution)
        with CaptureQueriesContext(connection) as queries:
            said = remarks_before(latest)
        costs.append(len(queries))
    assert said[requirement.pk].more == 6
    assert costs == [2, 2, 2]
