"""The pages: who sees what, nothing typed is lost, and each costs the same for one row and for three."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Answer, Cycle, Review, SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import User
from tasks.enums import AssignmentState
from tests.assessments.world import answer_all, draft, hand_in, returned, seen, signed
from tests.factories.accounts import PASSWORD, AuthorityFactory, InstitutionFactory, member, with_password
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory, fill_in, take_away

K = RequirementKind
S = SelfAssessmentState
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]


def url(name, *args):
    return reverse(f"assessments:{name}", args=args)


def open_page(client, user, name, *args):
    client.force_login(user)
    return client.get(url(name, *args))


def typed(world, number=1, **changes) -> dict:
    """A whole task page as the browser would send it: everything answered, unless changed by field and kind."""
    data = {}
    for requirement in world.plan.tasks.get(number=number).requirements.filter(level="institution"):
        pk = requirement.pk
        data |= {f"justification_{pk}": "已落实。", f"revision_{pk}": "0"}
        data |= {
            K.EVIDENCE: {f"in_place_{pk}": "yes"},
            K.YES_NO: {f"in_place_{pk}": "no"},
            K.MATURITY: {f"level_{pk}": "3"},
            K.RATIO: {f"numerator_{pk}": "1,030", f"denominator_{pk}": "４１２０"},
            K.NUMBER: {f"number_{pk}": "12"},
            K.DATE: {f"date_{pk}": "2026-03-31"},
        }[K(requirement.kind)]
    return data | changes


def submitted(world):
    take_away(world.first_assignment)
    assignment = AssignmentFactory(task=world.first, institution=world.institution, state=AssignmentState.SUBMITTED)
    return SubmissionFactory(assignment=fill_in(assignment))


# --- Who may open what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_pages_by_role(client, world, who):
    version = signed(world)
    submission = submitted(world)
    inside, reviewer = who in ("contributor", "liaison", "cio"), who in ("supervisor", "lead")
    fills_in = who in ("contributor", "liaison")
    expected = {
        ("list",): 200,
        ("open_cycle",): 200 if who == "lead" else 403,
        ("detail", version.pk): 200 if inside else 302,
        ("task", version.pk, 1): 302 if fills_in else 403,
        ("hand_in", version.pk): 302 if fills_in else 403,
        ("sign", version.pk): 302 if who == "cio" else 403,
        ("review_queue",): 200 if reviewer else 403,
        ("review_submission", submission.pk): 403 if inside else 200,
        ("review_self_assessment", version.pk): 403 if inside else 200,
    }
    client.force_login(getattr(world, who))
    assert {page: client.get(url(*page)).status_code for page in expected} == expected


def test_what_belongs_to_others_is_not_found(client, world):
    version, submission = signed(world), submitted(world)
    neighbour = InstitutionFactory()
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    for role, pages in {
        Role.CONTRIBUTOR: [("detail", version.pk), ("task", version.pk, 1), ("hand_in", version.pk)],
        Role.CIO: [("detail", version.pk), ("sign", version.pk)],
    }.items():
        client.force_login(member(neighbour, role))
        assert {client.get(url(*page)).status_code for page in pages} == {404}
    client.force_login(member(elsewhere, Role.LEAD_SUPERVISOR))
    pages = [("detail", version.pk), ("review_submission", submission.pk), ("review_self_assessment", version.pk)]
    assert {client.get(url(*page)).status_code for page in pages} == {404}
    assert {client.post(url(*page), {"verdict": "accepted"}).status_code for page in pages[1:]} == {404}


def test_a_draft_is_not_found_by_supervisors(client, world):
    client.force_login(world.supervisor)
    assert client.get(url("detail", world.draft.pk)).status_code == 404
    assert client.get(url("review_self_assessment", world.draft.pk)).status_code == 404


def test_a_person_of_two_bodies_reviews_in_the_scope_acted_for(client, world):
    version = signed(world)
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND], name="A")
    user = member(elsewhere, Role.SUPERVISOR)
    add_member(user=user, body=world.authority, role=Role.SUPERVISOR, by=None)
    user = User.objects.get(pk=user.pk)
    client.force_login(user)
    for authority, status in ((elsewhere, 404), (world.authority, 200)):
        client.post(reverse("accounts:act_for", args=[user.memberships.get(authority=authority).pk]))
        assert client.get(url("review_self_assessment", version.pk)).status_code == status


def test_an_observer_reads_and_cannot_judge(client, world):
    version = signed(world)
    page = open_page(client, world.observer, "review_self_assessment", version.pk)
    assert "您可以查阅，不能作出结论" in page.text
    assert 'name="verdict"' not in page.text
    assert client.post(url("review_self_assessment", version.pk), {"verdict": "accepted"}).status_code == 403
    assert not Review.objects.exists()


# --- Answering --------------------------------------------------------------------------------------------


def test_a_task_is_saved_and_the_percentage_computed(client, world):
    client.force_login(world.contributor)
    response = client.post(url("task", world.draft.pk, 1), typed(world) | {"then": "stay"})
    assert response.url == url("task", world.draft.pk, 1)
    assert world.draft.answers.count() == 6
    assert str(world.draft.answers.get(requirement__kind=K.RATIO).percentage) == "25.0"
    assert "25.0%" in client.get(response.url).text


@pytest.mark.parametrize(("number", "leads_to"), [(1, ("task", 2)), (2, ("detail",))])
def test_save_and_continue(client, world, number, leads_to):
    client.force_login(world.contributor)
    response = client.post(url("task", world.draft.pk, number), typed(world, number) | {"then": "next"})
    assert response.url == url(leads_to[0], world.draft.pk, *leads_to[1:])


@pytest.mark.parametrize(
    ("numerator", "denominator", "message"),
    [
        ("130", "120", "占比将超过 100%"),
        ("0", "0", "分母不能为 0"),
        ("NaN", "1", "“NaN”不是数字"),
        ("5", "", "须同时填写"),
        ("-1", "2", "不能为负数"),
        ("25%", "100", "不要带百分号"),
        ("1.234", "2", "最多填写 2 位小数"),
    ],
)
def test_bad_numbers_are_named_and_everything_typed_stays(client, world, numerator, denominator, message):
    pk = world.requirement(K.RATIO).pk
    other = world.requirement(K.MATURITY).pk
    client.force_login(world.contributor)
    changes = {
        f"numerator_{pk}": numerator,
        f"denominator_{pk}": denominator,
        f"justification_{other}": "写了很久的说明",
    }
    response = client.post(url("task", world.draft.pk, 1), typed(world, **changes))
    assert response.status_code == 400
    assert message in response.text
    assert "写了很久的说明" in response.text
    assert f'value="{numerator}"' in response.text
    assert not Answer.objects.exists()


def test_a_stale_tab_shows_both_versions_and_saves_on_the_second_try(client, world):
    requirement = world.requirement(K.MATURITY)
    theirs = draft(requirement, justification="同事的说明", level=1)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: theirs}, by=world.liaison)
    client.force_login(world.contributor)
    mine = typed(world, **{f"justification_{requirement.pk}": "我的说明"})
    response = client.post(url("task", world.draft.pk, 1), mine)
    assert response.status_code == 409
    assert "同事的说明" in response.text
    assert "我的说明" in response.text
    assert world.liaison.name in response.text
    assert world.draft.answers.count() == 1
    assert f'name="revision_{requirement.pk}" value="1"' in response.text
    client.post(url("task", world.draft.pk, 1), mine | {f"revision_{requirement.pk}": "1"})
    assert world.draft.answers.get(requirement=requirement).justification == "我的说明"


def test_files_of_the_requirement_are_suggested_and_others_offered(client, world):
    requirement = world.requirement(K.EVIDENCE)
    near = EvidenceFactory(assignment=world.first_assignment, requirement=requirement, original_name="本要求.pdf")
    far = EvidenceFactory(
        assignment=world.first_assignment, requirement=world.requirement(K.DATE), original_name="别处.pdf"
    )
    foreign = EvidenceFactory(assignment=AssignmentFactory(task=world.first), requirement=requirement)
    page = open_page(client, world.contributor, "task", world.draft.pk, 1)
    name = f"evidence_{requirement.pk}"
    assert f'name="{name}" value="{near.pk}" checked' in squeezed(page)
    assert f'name="{name}" value="{far.pk}">' in squeezed(page)
    assert foreign.original_name not in page.text
    refused = client.post(url("task", world.draft.pk, 1), typed(world, **{name: [str(foreign.pk)]}))
    assert refused.status_code == 400
    client.post(url("task", world.draft.pk, 1), typed(world, **{name: [str(far.pk)]}))
    assert list(world.draft.answers.get(requirement=requirement).evidence.all()) == [far]


def squeezed(response) -> str:
    return " ".join(response.text.split()).replace(" >", ">")


def test_a_task_that_asks_nothing_is_not_found(client, world):
    assert open_page(client, world.contributor, "task", world.draft.pk, 99).status_code == 404


def test_the_maturity_criteria_are_printed(client, world):
    page = open_page(client, world.contributor, "task", world.draft.pk, 1).text
    assert [f"{level} 级：第{level}级" in page for level in range(6)] == [True] * 6


def test_the_overview_lists_what_is_missing_with_links(client, world):
    requirement = world.requirement(K.MATURITY)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: draft(requirement)}, by=world.contributor)
    page = open_page(client, world.contributor, "detail", world.draft.pk).text
    missing = world.requirement(K.RATIO)
    assert f"{url('task', world.draft.pk, 1)}#requirement-{missing.pk}" in page
    assert f"#requirement-{requirement.pk}" not in page
    assert "尚有 6 项要求未填写完整" in page


def test_handing_in_is_a_decision_and_an_incomplete_draft_is_told_why(client, world):
    client.force_login(world.contributor)
    assert "不能提交" in client.get(url("hand_in", world.draft.pk)).text
    assert "尚未填写完整" in client.post(url("hand_in", world.draft.pk), follow=True).text
    answer_all(world)
    assert "随后会发生" in client.get(url("hand_in", world.draft.pk)).text
    assert client.get(url("hand_in", world.draft.pk)).status_code == 200
    world.draft.refresh_from_db()
    assert world.draft.state == S.DRAFT
    client.post(url("hand_in", world.draft.pk))
    client.post(url("hand_in", world.draft.pk))
    world.draft.refresh_from_db()
    assert world.draft.state == S.AWAITING_SIGNATURE


# --- Signing ----------------------------------------------------------------------------------------------


def sent(handed_in):
    return {"seen_sha256": seen(handed_in), "password": PASSWORD}


def test_the_cio_reads_everything_and_signs(client, world):
    handed_in = hand_in(world)
    with_password(world.cio)
    page = open_page(client, world.cio, "sign", handed_in.pk)
    assert "25%" in page.text or "25.0%" in page.text
    assert "第3级" in page.text
    assert seen(handed_in) in page.text
    response = client.post(url("sign", handed_in.pk), sent(handed_in), follow=True)
    assert "已签署并报送" in response.text
    again = client.post(url("sign", handed_in.pk), sent(handed_in), follow=True)
    assert "不能执行此操作" in again.text
    assert world.cycle.self_assessments.get().state == S.SUBMITTED


def test_a_change_after_reading_is_not_signed(client, world):
    handed_in = hand_in(world)
    client.force_login(with_password(world.cio))
    response = client.post(url("sign", handed_in.pk), sent(handed_in) | {"seen_sha256": "0" * 64}, follow=True)
    assert "内容已有变化" in response.text
    assert world.cycle.self_assessments.get().state == S.AWAITING_SIGNATURE


def test_the_cio_sends_back_with_a_reason_shown_to_the_contributor(client, world):
    handed_in = hand_in(world)
    client.force_login(world.cio)
    assert client.post(url("send_back", handed_in.pk), {"reason": " "}).status_code == 400
    client.post(url("send_back", handed_in.pk), {"reason": "请核对分母。"})
    assert "请核对分母。" in open_page(client, world.contributor, "detail", handed_in.pk).text


# --- Reviewing --------------------------------------------------------------------------------------------


def test_signed_content_is_shown_and_never_the_live_answers(client, world):
    version = signed(world)
    version.answers.update(justification="之后改动的说明")
    page = open_page(client, world.supervisor, "review_self_assessment", version.pk).text
    assert "之后改动的说明" not in page
    assert "已落实。" in page


def test_the_signed_content_stays_readable_for_the_cio(client, world):
    version = signed(world)
    version.answers.update(justification="之后改动的说明")
    page = open_page(client, world.cio, "detail", version.pk).text
    assert "已落实。" in page
    assert "之后改动的说明" not in page


def test_evidence_is_shown_beside_the_answers(client, world):
    take_away(world.first_assignment)
    assignment = AssignmentFactory(task=world.first, institution=world.institution, state=AssignmentState.SUBMITTED)
    requirement = world.requirement(K.EVIDENCE)
    pdf, image, other = (
        EvidenceFactory(assignment=assignment, requirement=requirement, content_type=kind)
        for kind in ("application/pdf", "image/png", "application/zip")
    )
    submission = SubmissionFactory(assignment=assignment)
    page = squeezed(open_page(client, world.supervisor, "review_submission", submission.pk))
    assert f'src="{pdf.file_url}" title="预览：{pdf.original_name}"></iframe>' in page
    assert f'<img class="preview-image" loading="lazy" src="{image.file_url}"' in page
    assert other.get_absolute_url() in page
    assert page.count("<iframe") == 1


def test_a_verdict_leads_to_the_next_in_the_queue(client, world):
    version, submission = signed(world), submitted(world)
    client.force_login(world.supervisor)
    kept = "?type="
    response = client.post(url("review_self_assessment", version.pk) + kept, {"verdict": "accepted"})
    assert response.url == url("review_submission", submission.pk) + kept
    response = client.post(url("review_submission", submission.pk), {"verdict": "accepted"}, follow=True)
    assert response.redirect_chain[0][0] == url("review_queue")
    assert "没有其他待审核的报送" in response.text


def test_text_is_kept_when_a_verdict_is_refused(client, world):
    version = signed(world)
    pk = world.requirement(K.MATURITY).pk
    client.force_login(world.supervisor)
    page = url("review_self_assessment", version.pk)
    missing = client.post(page, {"verdict": "returned", "comment": "总体看法"})
    assert missing.status_code == 400
    assert "请至少对一项要求选择退回" in missing.text
    assert "总体看法" in missing.text
    given = client.post(page, {"verdict": "accepted", f"verdict_{pk}": "returned", f"text_{pk}": "不够详细"})
    assert "不能整体接受" in given.text
    assert "不够详细" in given.text
    assert "请选择接受或退回" in client.post(page, {}).text
    assert not Review.objects.exists()


def test_whoever_comes_second_is_told_and_keeps_the_text(client, world):
    version = signed(world)
    pk = world.requirement(K.MATURITY).pk
    actions.review_self_assessment(
        self_assessment=version, verdict=Verdict.ACCEPTED, remarks={}, by=world.lead, authority=world.authority
    )
    client.force_login(world.supervisor)
    response = client.post(
        url("review_self_assessment", version.pk),
        {"verdict": "returned", f"verdict_{pk}": "returned", f"text_{pk}": "写好的理由"},
    )
    assert "已对该版本作出结论：已验收" in response.text
    assert "写好的理由" in response.text
    assert 'name="verdict"' not in response.text


def test_reasons_are_shown_where_the_work_is_and_beside_the_next_version(client, world):
    version = signed(world)
    requirement = world.requirement(K.MATURITY)
    client.force_login(world.supervisor)
    client.post(
        url("review_self_assessment", version.pk),
        {
            "verdict": "returned",
            "comment": "总体意见在此",
            f"verdict_{requirement.pk}": "returned",
            f"text_{requirement.pk}": "请附制度文件。",
        },
    )
    second = world.cycle.self_assessments.get(version=2)
    for page in (("detail", second.pk), ("task", second.pk, 1)):
        assert "请附制度文件。" in open_page(client, world.contributor, *page).text
    assert "请附制度文件。" not in open_page(client, world.contributor, "task", second.pk, 2).text
    assert url("detail", version.pk) in open_page(client, world.contributor, "list").text
    second.answers.update(reply="已补充。")
    handed_in = actions.hand_in(self_assessment=second, by=world.contributor)
    actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    page = open_page(client, world.supervisor, "review_self_assessment", second.pk).text
    assert "请附制度文件。" in page
    assert "总体意见在此" in page
    assert url("review_self_assessment", version.pk) in page


# --- Cycles -----------------------------------------------------------------------------------------------


def test_a_lead_supervisor_opens_a_cycle(client, world):
    client.force_login(world.lead)
    day = timezone.localdate()
    data = {
        "plan": world.plan.pk,
        "kind": "year",
        "title": "2026 年度自评",
        "period_starts_on": "2026-01-01",
        "period_ends_on": "2026-12-31",
        "opens_on": day.isoformat(),
        "due_on": (day + datetime.timedelta(days=30)).isoformat(),
    }
    wrong = client.post(url("open_cycle"), data | {"period_ends_on": "2025-12-31", "due_on": "2020-01-01"})
    assert wrong.status_code == 400
    assert "评估期止须晚于评估期起" in wrong.text
    assert "截止日期不能早于填报开始日期" in wrong.text
    assert client.post(url("open_cycle"), data).status_code == 302
    assert "已开启" in client.post(url("open_cycle"), data).text
    cycle = Cycle.objects.get(title="2026 年度自评")
    assert cycle.self_assessments.get().institution == world.institution


def test_the_scope_list_shows_states_and_no_contents_before_the_signature(client, world):
    drafting = world.institution
    other = signed_elsewhere(world)
    SelfAssessmentFactory(cycle=world.cycle, institution=InstitutionFactory(kind=InstitutionKind.FUND, name="范围之外"))
    user = member(AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), Role.OBSERVER)
    page = open_page(client, user, "list").text
    assert drafting.name in page
    assert "范围之外" not in page
    assert url("review_self_assessment", world.draft.pk) not in page
    assert url("review_self_assessment", other.pk) in page
    filtered = client.get(url("list"), {"state": "submitted"}).text
    assert other.institution.name in filtered
    assert drafting.name not in filtered


def test_a_returned_self_assessment_stands_returned_until_it_is_handed_in_again(client, world):
    version = signed(world)
    actions.review_self_assessment(
        self_assessment=version,
        verdict=Verdict.RETURNED,
        remarks={world.requirement(K.MATURITY).pk: returned("请补充。")},
        by=world.supervisor,
        authority=world.authority,
    )
    client.force_login(world.supervisor)
    page = client.get(url("list"), {"state": "returned"})
    assert [row.institution for row in page.context["rows"]] == [world.institution]
    assert url("review_self_assessment", version.pk) in page.text
    assert {t["state"]: t["number"] for t in page.context["totals"]}["returned"] == 1
    following = world.cycle.self_assessments.get(version=2)
    following.answers.update(reply="已补充。")
    actions.hand_in(self_assessment=following, by=world.contributor)
    assert client.get(url("list"), {"state": "returned"}).context["rows"] == []


def signed_elsewhere(world) -> SelfAssessment:
    return SelfAssessmentFactory(cycle=world.cycle, state=S.SUBMITTED)


def test_the_pages_of_the_scope_list_follow_each_other(client, world, monkeypatch):
    monkeypatch.setattr("assessments.views.cycles.ROWS_A_PAGE", 2)
    others = [
        SelfAssessmentFactory(cycle=world.cycle, institution=InstitutionFactory(name="同名公司")) for _ in range(4)
    ]
    names = [world.institution.name, *(other.institution.name for other in others)]
    client.force_login(world.supervisor)
    seen_names, query = [], {}
    while query is not None:
        context = client.get(url("list"), query).context
        seen_names += [row.institution.name for row in context["rows"]]
        query = {"after": context["next_cursor"]} if context["next_cursor"] else None
    assert seen_names == sorted(names)


# --- What pages cost --------------------------------------------------------------------------------------


def cost(client, user, *page) -> int:
    client.force_login(user)
    client.get(url(*page))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url(*page)).status_code == 200
    return len(queries)


def test_lists_cost_the_same_for_one_row_and_for_three(client, world):
    version, _submission = signed(world), submitted(world)
    pages = [("list",), ("review_queue",)]
    before = [cost(client, world.supervisor, *page) for page in pages]
    own = cost(client, world.cio, "list")
    for _ in range(2):
        signed_elsewhere(world)
        assignment = AssignmentFactory(task=world.first, state=AssignmentState.SUBMITTED)
        SubmissionFactory(assignment=assignment)
        cycle = CycleFactory(plan=world.plan)
        SelfAssessmentFactory(cycle=cycle, institution=world.institution)
    assert [cost(client, world.supervisor, *page) for page in pages] == before
    assert cost(client, world.cio, "list") == own
    assert version.cycle == world.cycle


def test_pages_of_one_piece_of_work_cost_the_same_for_more_requirements_and_files(client, world):
    def costs():
        return [
            cost(client, world.contributor, "detail", world.draft.pk),
            cost(client, world.contributor, "task", world.draft.pk, 1),
        ]

    def answer(kind):
        requirement = world.requirement(kind)
        file = EvidenceFactory(assignment=world.first_assignment, requirement=requirement)
        drafts = {requirement.pk: draft(requirement, evidence=[file.pk])}
        actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)

    answer(K.EVIDENCE)
    before = costs()
    for kind in (K.MATURITY, K.RATIO, K.DATE):
        answer(kind)
    assert costs() == before


def test_a_review_page_costs_the_same_for_more_reasons_and_files(client, world):
    submission = submitted(world)
    one = cost(client, world.supervisor, "review_submission", submission.pk)
    everything = signed(world)
    remarks = {requirement.pk: returned("请补充。") for requirement in world.first.requirements.all()}
    for number in (1, 2):
        actions.review_self_assessment(
            self_assessment=everything,
            verdict=Verdict.RETURNED,
            remarks=remarks,
            by=world.supervisor,
            authority=world.authority,
        )
        following = world.cycle.self_assessments.get(version=number + 1)
        following.answers.update(reply="已补充。")
        handed_in = actions.hand_in(self_assessment=following, by=world.contributor)
        everything = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
        if number == 1:
            before = cost(client, world.supervisor, "review_self_assessment", everything.pk)
    assert cost(client, world.supervisor, "review_self_assessment", everything.pk) == before
    assert abs(before - one) <= 2
