"""机构概况: who reads it, what of others stays out of it, and that it costs the same whatever the institution holds."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.enums import RectificationState, SelfAssessmentState, Verdict
from assessments.models import Remark, Score
from portal.accounts.actions import invite
from portal.accounts.enums import InstitutionKind, Role
from portal.audit.actions import record
from tasks.enums import AssignmentState, RequestKind, RequestState
from tasks.models import ChangeRequest, UrgedInstitution, Urging
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, UserFactory, member
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory, scored
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory, fill_in
from tests.factories.vault import StoredFileFactory
from vault.models import LegalHold

pytestmark = pytest.mark.django_db
S, K = AssignmentState, InstitutionKind
DAY = timedelta(days=1)
SUPERVISORS = [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER]


@pytest.fixture
def plan():
    today = timezone.localdate()
    return PlanFactory(starts_on=today - 400 * DAY, ends_on=today + 400 * DAY)


@pytest.fixture
def authority():
    return AuthorityFactory()


@pytest.fixture
def institution(authority):
    return InstitutionFactory(kind=K.FUND)


def something_of_everything(institution, authority, plan, mark="") -> None:
    """One thing for every section of the page; `mark` is written into whatever people write."""
    today, cio, liaison = timezone.localdate(), member(institution, Role.CIO), member(institution, Role.LIAISON)
    requirement = RequirementFactory(task=TaskFactory(theme=ThemeFactory(plan=plan)))
    task = requirement.task
    late = fill_in(AssignmentFactory(institution=institution, task=task, state=S.RETURNED, deadline=today - 9 * DAY))
    review = ReviewFactory(
        submission=SubmissionFactory(assignment=late),
        authority=authority,
        verdict=Verdict.RETURNED,
        comment=f"请补充{mark}",
    )
    Remark.objects.create(review=review, requirement=requirement, text=f"缺盖章页{mark}")
    ahead = AssignmentFactory(institution=institution, task=TaskFactory(theme=task.theme), deadline=today + 9 * DAY)
    EvidenceFactory(assignment=ahead, requirement=RequirementFactory(task=ahead.task), original_name=f"草稿{mark}.txt")
    EvidenceFactory(
        assignment=late,
        requirement=requirement,
        frozen_at=timezone.now(),
        stored=StoredFileFactory(institution=institution, content=f"证书{ahead.pk}".encode(), expires_on=today + DAY),
        original_name=f"证书{mark}.txt",
    )
    asked = {"assignment": ahead, "reason": f"请求{mark}", "old_deadline": ahead.deadline, "requested_by": liaison}
    ChangeRequest.objects.create(kind=RequestKind.NOT_APPLICABLE, **asked)
    ChangeRequest.objects.create(
        kind=RequestKind.EXTENSION,
        new_deadline=ahead.deadline + 9 * DAY,
        granted_deadline=ahead.deadline + DAY,
        state=RequestState.GRANTED,
        decided_by=UserFactory(),
        decided_at=timezone.now(),
        authority=authority,
        decision=f"同意{mark}",
        **asked,
    )
    for state in (RectificationState.OPEN, RectificationState.CLOSED):
        RectificationFactory(institution=institution, authority=authority, title=f"补齐台账{mark}", state=state)
    scored(institution, CycleFactory(plan=plan), "3.4", {task.theme: "3.4"})
    SelfAssessmentFactory(institution=institution, cycle=CycleFactory(plan=plan, title=f"下一期{mark}"))
    urging = Urging.objects.create(
        authority=authority,
        by=UserFactory(),
        subject=f"请报送{mark}",
        text="",
        roles=[],
        assignments=0,
        institutions=1,
        people=1,
    )
    UrgedInstitution.objects.create(urging=urging, institution=institution, facts={"text": f"催{mark}"}, people=1)
    invite(email=f"new{late.pk}@test.example", name=f"新人{mark}", body=institution, role=Role.CIO, by=liaison)
    record(action="assignment.started", by=cio, target=late, institution=institution)
    LegalHold.objects.create(
        institution=institution,
        reason=f"立案{mark}",
        placed_by=UserFactory(),
        released_by=cio,
        released_at=timezone.now(),
    )


def shown(client, user, institution):
    client.force_login(user)
    return client.get(institution.get_absolute_url())


# --- Who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", SUPERVISORS)
def test_supervisors_read_every_section_and_no_drafts(client, role, institution, authority, plan):
    something_of_everything(institution, authority, plan, "甲")
    page = shown(client, member(authority, role), institution)
    text = page.text
    for words in (
        "请补充甲",
        "缺盖章页甲",
        "证书甲.txt",
        "请求甲",
        "同意甲",
        "补齐台账甲",
        "下一期甲",
        "请报送甲",
        "催甲",
    ):
        assert words in text, words
    for words in ("新人甲", "立案甲", authority.name, "逾期 9 天", "从未登录"):
        assert words in text, words
    assert "草稿甲.txt" not in text
    context = page.context
    assert (context["work"].figures.overdue, context["work"].due, context["rectification_tally"]["open"]) == (1, 1, 1)
    assert len(context["open_items"]) == 5
    assert [rank.place for rank in context["scores"].ranks] == [(1, 1)]
    assert context["people"].last_activity
    assert ("导出材料包" in text, "催办</a>" in text) == ((role != Role.OBSERVER,) * 2)


@pytest.mark.parametrize("role", [Role.CIO, Role.LIAISON])
def test_the_institutions_own_see_their_page_without_what_is_for_supervisors(
    client, role, institution, authority, plan
):
    something_of_everything(institution, authority, plan, "甲")
    page = shown(client, member(institution, role), institution)
    text = page.text
    for words in ("草稿甲.txt", "请补充甲", "补齐台账甲", "新人甲", "催甲"):
        assert words in text, words
    for words in ("立案甲", "证据保全", "最近登录", "从未登录", "导出材料包", "institution="):
        assert words not in text, words
    assert page.context["scores"].ranks == []


def test_people_are_not_for_contributors_and_their_menu_does_not_lead_there(client, institution):
    for role, status in ((Role.CONTRIBUTOR, 403), (Role.LIAISON, 200), (Role.CIO, 200)):
        assert shown(client, member(institution, role), institution).status_code == status
        assert (institution.get_absolute_url() in client.get("/").text) == (status == 200)


def test_the_institutions_name_leads_there_for_supervisors_only(client, institution, authority, plan):
    something_of_everything(institution, authority, plan)
    late, rectification = institution.assignments.get(state=S.RETURNED), institution.rectifications.first()
    work = [late.get_absolute_url(), rectification.get_absolute_url()]
    review = reverse("assessments:review_submission", args=[late.submissions.get().pk])
    lists = [
        reverse(name) for name in ("home", "tasks:requests", "assessments:rectifications", "explorer:institutions")
    ]
    client.force_login(member(authority, Role.SUPERVISOR))
    link = f'href="{institution.get_absolute_url()}"'
    for url in [*work, review, *lists]:
        assert link in client.get(url).text, url
    client.force_login(member(institution, Role.CONTRIBUTOR))
    for url in [*work, *lists[:3]]:
        assert link not in client.get(url).text, url


# --- Others -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["supervisor", "cio"])
def test_nothing_of_another_institution_is_on_it(client, who, institution, authority, plan):
    something_of_everything(institution, authority, plan)
    other = InstitutionFactory(kind=K.FUND, name="外机构")
    something_of_everything(other, authority, plan, "外机构")
    user = member(authority, Role.SUPERVISOR) if who == "supervisor" else member(institution, Role.CIO)
    assert "外机构" not in shown(client, user, institution).text


def test_what_another_authority_wrote_is_read_and_its_message_is_not_linked(client, institution, authority, plan):
    something_of_everything(institution, AuthorityFactory(name="另一监管局"), plan, "甲")
    text = shown(client, member(authority, Role.SUPERVISOR), institution).text
    assert "请报送甲" in text
    assert Urging.objects.get().get_absolute_url() not in text


def _text_of(client, institution) -> str:
    text = client.get(institution.get_absolute_url()).text
    return re.sub(r"csrf\S+ value=\S+|nonce=\S+|hx-headers=\S+ \S+", "", text)


def test_the_institution_learns_no_more_of_others_than_their_quartiles(client, institution, plan):
    theme, cycle = ThemeFactory(plan=plan), CycleFactory(plan=plan)
    scored(institution, cycle, "3.3", {theme: "3.3"})
    rows = [scored(InstitutionFactory(kind=K.FUND), cycle, v, {theme: v}) for v in ("1.0", "2.0", "3.0", "4.0")]
    client.force_login(member(institution, Role.CIO))
    assert "不足 5 家" in _text_of(client, institution)
    rows.append(scored(InstitutionFactory(kind=K.FUND), cycle, "4.5", {theme: "4.5"}))
    before = _text_of(client, institution)
    assert "高于同类机构的中位数 3.0" in before
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE assessments_score DISABLE TRIGGER append_only")
    Score.objects.filter(self_assessment=rows[0]).update(value="0.2")
    Score.objects.filter(self_assessment=rows[4]).update(value="4.9")
    assert _text_of(client, institution) == before


def test_ranks_are_of_the_scope(client, plan):
    """Of a kind in two regions, a regional office ranks its own, and headquarters all."""
    here, there = RegionFactory(), RegionFactory(code="beijing", name="北京", name_en="Beijing")
    office, headquarters = AuthorityFactory(regions=[here]), AuthorityFactory()
    institution, cycle = InstitutionFactory(kind=K.FUND, region=here), CycleFactory(plan=plan)
    scored(institution, cycle, "3.0")
    for value, region in (("4.0", here), ("3.0", here), ("4.5", there), ("1.0", there)):
        scored(InstitutionFactory(kind=K.FUND, region=region), cycle, value)
    scored(InstitutionFactory(kind=K.FUTURES, region=here), cycle, "5.0")

    def places(authority):
        page = shown(client, member(authority, Role.SUPERVISOR), institution)
        return [tuple(rank.place) for rank in page.context["scores"].ranks]

    assert places(office) == [(2, 3)]
    assert places(headquarters) == [(3, 5), (2, 3)]


# --- What is open, and in which order -------------------------------------------------------------------------


def test_what_was_answered_is_not_open(client, institution, authority, plan):
    supervisor = member(authority, Role.SUPERVISOR)
    assert shown(client, supervisor, institution).context["open_items"] == []
    something_of_everything(institution, authority, plan)
    SubmissionFactory(assignment=institution.assignments.get(state=S.RETURNED))
    institution.rectifications.update(state=RectificationState.CLOSED, closed_at=timezone.now())
    ChangeRequest.objects.pending().update(state=RequestState.WITHDRAWN, withdrawn_at=timezone.now())
    labels = [group.label for group in shown(client, supervisor, institution).context["open_items"]]
    assert labels == ["未签署的自评", "已过期和 30 天内到期的材料"]


def test_a_file_that_is_used_twice_expires_once(client, institution, authority, plan):
    something_of_everything(institution, authority, plan)
    file = institution.evidence.get(stored__expires_on__isnull=False)
    EvidenceFactory(
        assignment=file.assignment, requirement=file.requirement, stored=file.stored, frozen_at=timezone.now()
    )
    groups = shown(client, member(authority, Role.SUPERVISOR), institution).context["open_items"]
    assert [item.expires_on for item in groups[-1].items] == [file.stored.expires_on]


def test_a_returned_self_assessment_stands_so_until_it_is_signed_again(client, institution, authority, plan):
    cycle = CycleFactory(plan=plan)
    for version, state in ((1, SelfAssessmentState.RETURNED), (2, SelfAssessmentState.DRAFT)):
        SelfAssessmentFactory(institution=institution, cycle=cycle, version=version, state=state)
    [group] = shown(client, member(authority, Role.OBSERVER), institution).context["open_items"]
    assert [(item.state, item.deadline) for item in group.items] == [("returned", cycle.due_on)]


def test_correspondence_is_bounded_and_newest_first(client, institution, authority, plan):
    for _ in range(3):
        something_of_everything(institution, authority, plan)
    said = shown(client, member(authority, Role.SUPERVISOR), institution).context["correspondence"]
    assert len(said) == 12
    assert [one.at for one in said] == sorted((one.at for one in said), reverse=True)


def test_the_change_is_against_the_round_before(client, institution, authority, plan):
    for value in ("3.14", "3.25", "2.96"):
        scored(institution, CycleFactory(plan=plan), value)
    scores = shown(client, member(authority, Role.SUPERVISOR), institution).context["scores"]
    assert (scores.latest.standing.whole, scores.latest.by) == (Decimal("2.9600"), Decimal("-0.3"))


# --- The page -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_of_an_institution_with_nothing_every_section_says_so(client, language, institution, authority):
    client.cookies["django_language"] = language
    page = shown(client, member(authority, Role.LEAD_SUPERVISOR), institution)
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert page.text.count("empty-state") == 7


def test_it_costs_the_same_whatever_the_institution_holds(client, institution, authority, plan):
    supervisor, cio = member(authority, Role.LEAD_SUPERVISOR), member(institution, Role.CIO)
    counts = {supervisor: [], cio: []}
    for times in (1, 2):
        for _ in range(times):
            something_of_everything(institution, authority, plan)
            scored(InstitutionFactory(kind=K.FUND), CycleFactory(plan=plan), "2.0")
        for user, measured in counts.items():
            shown(client, user, institution)
            with CaptureQueriesContext(connection) as captured:
                client.get(institution.get_absolute_url())
            measured.append(len(captured))
    assert all(little == much for little, much in counts.values())
