"""The pages of rectifications: who sees what, nothing typed is lost, and a long list costs what a short one does."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.enums import RectificationState, Verdict
from assessments.models import Rectification
from assessments.views import rectifications as lists
from plan.enums import RequirementKind
from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from tasks.models import Evidence
from tests.assessments.world import returned as returned_for
from tests.assessments.world import signed
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member
from tests.factories.rectifications import RectificationFactory, last_step
from tests.factories.tasks import EvidenceFactory

S = RectificationState
LIST, OPEN = reverse("assessments:rectifications"), reverse("assessments:open_rectification")


def day(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)


def make(world, state=S.OPEN, **fields) -> Rectification:
    given = {"institution": world.institution, "authority": world.authority, "opened_by": world.supervisor}
    return RectificationFactory(**given | fields, state=state)


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def wanted(**changes) -> dict:
    return {"title": "补齐记录", "text": "请补齐。", "deadline": day(20).isoformat(), "requirement": ""} | changes


# --- Opening ----------------------------------------------------------------------------------------------


def test_opening_for_an_institution(client, world):
    client.force_login(world.supervisor)
    url = f"{OPEN}?institution={world.institution.pk}"
    page = client.get(url)
    assert "institution" not in page.context["form"].fields
    answer = client.post(url, wanted(requirement=world.requirement(RequirementKind.DATE).pk))
    rectification = Rectification.objects.get()
    assert answer["Location"] == rectification.get_absolute_url()
    assert rectification.authority == world.authority
    assert rectification.requirement == world.requirement(RequirementKind.DATE)


def test_opening_for_an_institution_to_be_chosen(client, world):
    client.force_login(world.lead)
    answer = client.post(OPEN, wanted())
    assert answer.status_code == 400
    assert "institution" in answer.context["form"].errors
    client.post(OPEN, wanted(institution=world.institution.pk))
    assert Rectification.objects.get().institution == world.institution


def test_opening_from_a_review_takes_its_remark_over(client, world):
    requirement = world.requirement(RequirementKind.MATURITY)
    review = actions.review_self_assessment(
        self_assessment=signed(world),
        verdict=Verdict.RETURNED,
        remarks={requirement.pk: returned_for("分支机构未覆盖。")},
        by=world.supervisor,
        authority=world.authority,
    )
    client.force_login(world.supervisor)
    url = f"{OPEN}?review={review.pk}&requirement={requirement.pk}"
    form = client.get(url).context["form"]
    assert (form["text"].value(), form["requirement"].value()) == ("分支机构未覆盖。", requirement.pk)
    client.post(url, wanted(requirement=requirement.pk))
    rectification = Rectification.objects.get()
    assert (rectification.review, rectification.institution) == (review, world.institution)
    back = reverse("assessments:review_self_assessment", args=[review.self_assessment_id])
    page = client.get(rectification.get_absolute_url()).content.decode()
    assert back in page
    assert url.split("&")[0] in client.get(back).content.decode()
    client.force_login(world.contributor)
    page = client.get(rectification.get_absolute_url()).content.decode()
    assert review.self_assessment.get_absolute_url() in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deadline": day(0).isoformat()}, "期限须晚于今天"),
        ({"deadline": "2026-02-30"}, "输入一个有效的日期"),
        ({"text": " "}, "必填"),
        ({"title": "长" * 201}, "200"),
        ({"text": "长" * 4001}, "4000"),
        ({"requirement": "0"}, "0"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(client, world, changes, message):
    client.force_login(world.supervisor)
    answer = client.post(f"{OPEN}?institution={world.institution.pk}", wanted(**changes))
    form = answer.context["form"]
    assert answer.status_code == 400
    (field,) = form.errors
    assert field in changes
    assert message in form.errors[field][0]
    content = answer.content.decode()
    assert all(value in content for name, value in wanted().items() if name not in changes)
    assert not Rectification.objects.exists()


@pytest.mark.parametrize("query", ["institution={}", "review=999999", "review=x", "institution=²", "institution=0"])
def test_what_is_not_in_the_scope_is_not_there(client, world, query):
    elsewhere = InstitutionFactory(kind=InstitutionKind.FUTURES)
    client.force_login(member(AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), Role.SUPERVISOR))
    assert client.get(f"{OPEN}?{query.format(elsewhere.pk)}").status_code == 404


def test_the_own_institution_is_not_to_be_chosen(client, world):
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    acting = world.supervisor.memberships.get(authority=world.authority)
    client.force_login(world.supervisor)
    client.post(reverse("accounts:act_for", args=[acting.pk]))
    assert client.get(f"{OPEN}?institution={world.institution.pk}").status_code == 404
    answer = client.post(OPEN, wanted(institution=world.institution.pk))
    assert "不能对自己所属的机构提出整改" in answer.content.decode()


@pytest.mark.parametrize("who", ["contributor", "liaison", "cio", "observer"])
def test_others_have_no_such_page(client, world, who):
    client.force_login(getattr(world, who))
    assert client.get(OPEN).status_code == 403


# --- One of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "forms"),
    [
        (S.OPEN, {"contributor": {"answer"}, "supervisor": {"close", "reschedule"}}),
        (S.UNVERIFIED, {"contributor": set(), "supervisor": {"close", "reopen"}}),
        (S.CLOSED, {"contributor": set(), "supervisor": {"reopen"}}),
    ],
)
def test_each_sees_what_they_may_do_now(client, world, state, forms):
    url = make(world, state).get_absolute_url()
    expected = {
        "contributor": forms["contributor"],
        "liaison": forms["contributor"],
        "cio": set(),
        "supervisor": forms["supervisor"],
        "lead": forms["supervisor"],
        "observer": set(),
    }
    for who, offered in expected.items():
        client.force_login(getattr(world, who))
        assert set(client.get(url).context["forms"]) == offered, who
    client.force_login(member(AuthorityFactory(), Role.LEAD_SUPERVISOR))
    assert client.get(url).context["forms"] == {}


def test_the_round_on_the_page(client, world):
    file = EvidenceFactory(assignment=world.first_assignment, requirement=world.requirement(RequirementKind.EVIDENCE))
    row = make(world, requirement=file.requirement)
    url = row.get_absolute_url()

    def post(user, move, **fields):
        client.force_login(user)
        data = {f"{move}-{name}": value for name, value in fields.items()}
        return client.post(url, data | {"move": move, f"{move}-seen": last_step(row)}, follow=True)

    client.force_login(world.contributor)
    assert [choice.file for choice in client.get(url).context["forms"]["answer"].near] == [file]
    page = post(world.contributor, "answer", text="已补齐。", evidence=[str(file.pk)]).content.decode()
    assert "整改结果已提交" in page
    client.force_login(world.supervisor)
    assert client.get(file.get_absolute_url()).status_code == 200
    page = post(world.supervisor, "reopen", text="还缺总结。", deadline=day(40).isoformat()).content.decode()
    assert f"由 {row.deadline} 调整为 {day(40)}" in page
    assert f'<del><time datetime="{row.deadline}">' in page
    post(world.supervisor, "reschedule", text="搬迁。", deadline=day(50).isoformat())
    post(world.liaison, "answer", text="总结已附。")
    page = post(world.lead, "close", text="予以办结。").content.decode()
    for words in ("提出整改", "要求继续整改", "调整期限", "提交整改结果", "核验办结", "已补齐。", "予以办结。"):
        assert words in page
    assert file.get_absolute_url() in page
    row.refresh_from_db()
    assert (row.state, row.steps.count()) == (S.CLOSED, 6)


def test_a_second_tab_hears_what_happened_and_keeps_its_text(client, world):
    row = make(world)
    seen = last_step(row)
    actions.reschedule_rectification(rectification=row, text="搬迁。", deadline=day(60), seen=seen, by=world.supervisor)
    client.force_login(world.contributor)
    typed = {"move": "answer", "answer-text": "花了一小时写的说明。", "answer-seen": seen}
    answer = client.post(row.get_absolute_url(), typed)
    content = answer.content.decode()
    assert answer.status_code == 409
    assert "您打开本页之后已有新的进展" in content
    assert "花了一小时写的说明。</textarea>" in content
    again = answer.context["forms"]["answer"]["seen"].value()
    assert client.post(row.get_absolute_url(), typed | {"answer-seen": again}).status_code == 302


def test_what_cannot_be_sent_any_more_is_shown(client, world):
    row = make(world)
    seen = last_step(row)
    actions.answer_rectification(rectification=row, text="我先交了。", evidence=[], seen=seen, by=world.liaison)
    client.force_login(world.contributor)
    typed = {"move": "answer", "answer-text": "花了一小时写的说明。", "answer-seen": seen}
    answer = client.post(row.get_absolute_url(), typed)
    content = answer.content.decode()
    assert answer.status_code == 409
    assert world.liaison.name in content
    assert "您填写的内容未提交" in content
    assert "花了一小时写的说明。" in content
    assert row.steps.count() == 2


@pytest.mark.parametrize(
    ("move", "fields", "field"),
    [
        ("close", {"close-text": ""}, "text"),
        ("reschedule", {"reschedule-text": "搬迁。", "reschedule-deadline": "1.1.2020"}, "deadline"),
        ("reschedule", {"reschedule-text": "搬迁。", "reschedule-deadline": day(-1).isoformat()}, "deadline"),
        ("reschedule", {"reschedule-text": "", "reschedule-deadline": day(9).isoformat()}, "text"),
    ],
)
def test_errors_of_a_move_keep_what_was_typed(client, world, move, fields, field):
    row = make(world)
    client.force_login(world.supervisor)
    answer = client.post(row.get_absolute_url(), fields | {"move": move, f"{move}-seen": last_step(row)})
    assert answer.status_code == 400
    form = answer.context["forms"][move]
    assert list(form.errors) == [field]
    assert all(value in answer.content.decode() for value in fields.values())
    row.refresh_from_db()
    assert (row.state, row.steps.count()) == (S.OPEN, 1)


def test_a_file_that_was_withdrawn_meanwhile(client, world):
    file = EvidenceFactory(assignment=world.first_assignment, requirement=world.requirement(RequirementKind.EVIDENCE))
    row = make(world)
    Evidence.objects.filter(pk=file.pk).update(withdrawn_at=timezone.now())
    client.force_login(world.contributor)
    typed = {"answer-text": "已补齐。", "answer-evidence": [str(file.pk)], "answer-seen": last_step(row)}
    answer = client.post(row.get_absolute_url(), typed | {"move": "answer"})
    assert answer.status_code == 400
    assert "请重新勾选" in answer.content.decode()
    assert "已补齐。" in answer.content.decode()


@pytest.mark.parametrize(("who", "move", "status"), [("cio", "answer", 403), ("observer", "close", 403)])
def test_moves_of_others_are_refused(client, world, who, move, status):
    row = make(world)
    client.force_login(getattr(world, who))
    typed = {"move": move, f"{move}-text": "x", f"{move}-seen": last_step(row)}
    assert client.post(row.get_absolute_url(), typed).status_code == status
    assert row.steps.count() == 1


def test_an_unknown_move_is_not_there(client, world):
    client.force_login(world.supervisor)
    assert client.post(make(world).get_absolute_url(), {"move": "delete"}).status_code == 404


def test_a_long_course_costs_what_a_short_one_does(client, world):
    costs = []
    requirement = world.requirement(RequirementKind.EVIDENCE)
    for rounds in (1, 3):
        row = make(world, requirement=requirement)
        for _ in range(rounds):
            files = [EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for _ in range(rounds)]
            chosen = [file.pk for file in files]
            actions.answer_rectification(
                rectification=row, text="x", evidence=chosen, seen=last_step(row), by=world.contributor
            )
            actions.reopen_rectification(
                rectification=row, text="x", deadline=day(9), seen=last_step(row), by=world.supervisor
            )
        client.force_login(world.contributor)
        costs.append(queries_of(client, row.get_absolute_url()))
    assert costs[0] == costs[1]


# --- Lists ------------------------------------------------------------------------------------------------


def listed(client, user, query="") -> list[Rectification]:
    client.force_login(user)
    return client.get(f"{LIST}{query}").context["page"].rows


def test_the_scopes_list_shows_what_is_not_closed_the_most_urgent_first(client, world):
    later, sooner = make(world, deadline=day(9)), make(world, S.UNVERIFIED, deadline=day(-3))
    closed = make(world, S.CLOSED)
    RectificationFactory(institution=InstitutionFactory(kind=InstitutionKind.FUTURES))
    limited = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
    for user in (world.supervisor, world.observer, member(limited, Role.SUPERVISOR)):
        rows = listed(client, user)
        assert [row for row in rows if row.institution == world.institution] == [sooner, later]
    assert closed in listed(client, world.supervisor, "?state=closed")
    assert len(listed(client, member(limited, Role.SUPERVISOR), "?state=all")) == 3


def test_filters(client, world):
    beijing = RegionFactory(code="beijing", name="北京", name_en="Beijing")
    fund = InstitutionFactory(kind=InstitutionKind.FUND, region=beijing)
    mine = make(world, deadline=day(-1))
    escalated = make(world, deadline=day(-7), opened_by=world.lead)
    theirs = RectificationFactory(institution=fund, deadline=day(5))
    waiting = make(world, S.UNVERIFIED, deadline=day(-9), opened_by=world.lead)
    for query, expected in {
        "overdue=1": [escalated, mine],
        "overdue=escalated": [escalated],
        "state=open": [escalated, mine, theirs],
        "state=unverified": [waiting],
        "state=unverified&overdue=1": [],
        "mine=me": [mine],
        "mine=authority": [waiting, escalated, mine],
        "kind=fund": [theirs],
        "region=beijing": [theirs],
        f"institution={fund.pk}": [theirs],
        "state=nonsense": [waiting, escalated, mine, theirs],
    }.items():
        assert listed(client, world.supervisor, f"?{query}") == expected, query


def test_pages_follow_each_other_without_gap(client, world, monkeypatch):
    monkeypatch.setattr(lists, "PAGE", 2)
    rows = {make(world, deadline=day(4)).pk for _ in range(5)}
    seen, query = [], ""
    while True:
        client.force_login(world.supervisor)
        page = client.get(f"{LIST}{query}").context["page"]
        seen += [row.pk for row in page.rows]
        if not page.next_cursor:
            break
        query = f"?after={page.next_cursor}"
    assert set(seen) == rows
    assert len(seen) == 5


def test_the_institutions_own_list_begins_with_what_to_do(client, world):
    later, late = make(world, deadline=day(9)), make(world, deadline=day(-8))
    waiting, closed = make(world, S.UNVERIFIED), make(world, S.CLOSED)
    RectificationFactory()
    for who in ("contributor", "liaison", "cio"):
        client.force_login(getattr(world, who))
        response = client.get(LIST)
        context = response.context
        assert list(context["to_do"]) == [late, later]
        assert (list(context["waiting"]), context["closed"].rows) == ([waiting], [closed])
        assert "已升级" in response.content.decode()


def test_empty_lists_say_so(client, world):
    for user, words in (
        (world.supervisor, "没有未办结的整改事项"),
        (world.contributor, "目前没有待整改的事项"),
    ):
        client.force_login(user)
        assert words in client.get(LIST).content.decode()
    client.force_login(world.supervisor)
    assert "没有符合条件的整改事项" in client.get(f"{LIST}?overdue=1").content.decode()


@pytest.mark.parametrize("who", ["supervisor", "contributor"])
def test_lists_cost_the_same_for_one_and_three_rows(client, world, who):
    costs = []
    for number in (1, 2):
        for _ in range(number):
            requirement = world.requirement(RequirementKind.DATE)
            for state in S:
                make(world, state, requirement=requirement, authority=AuthorityFactory())
        client.force_login(getattr(world, who))
        costs.append([queries_of(client, url) for url in (f"{LIST}?state=all", LIST, "/")])
    assert costs[0] == costs[1]


# --- Home -------------------------------------------------------------------------------------------------


def test_a_supervisors_home_counts_what_the_lists_behind_it_hold(client, world):
    make(world, deadline=day(-8))
    make(world, S.UNVERIFIED)
    make(world, S.CLOSED)
    RectificationFactory(institution=world.institution, state=S.UNVERIFIED)
    RectificationFactory(institution=world.institution)
    for who in ("supervisor", "lead", "observer"):
        client.force_login(getattr(world, who))
        response = client.get("/")
        tally = response.context["rectification_tally"]
        assert tally == {"open": 2, "overdue": 1, "to_verify": 1}
        for name, query in (
            ("open", "?state=open"),
            ("overdue", "?overdue=1"),
            ("to_verify", "?state=unverified&mine=authority"),
        ):
            assert f'{LIST}{query.replace("&", "&amp;")}"' in response.content.decode()
            assert len(listed(client, getattr(world, who), query)) == tally[name]
        assert len(response.context["rectifications"]) == 4


def test_an_institutions_home_shows_what_to_put_right(client, world):
    first, second = make(world, deadline=day(-8)), make(world)
    make(world, S.UNVERIFIED)
    for who in ("contributor", "cio"):
        client.force_login(getattr(world, who))
        response = client.get("/")
        assert response.context["rectifications"] == [first, second]
        assert first.title in response.content.decode()


def test_the_institutions_page_leads_to_its_rectifications(client, world):
    client.force_login(world.supervisor)
    page = client.get(reverse("profile:institution", args=[world.institution.pk])).content.decode()
    assert f"{LIST}?institution={world.institution.pk}" in page
    page = client.get(f"{LIST}?institution={world.institution.pk}").content.decode()
    assert f"{OPEN}?institution={world.institution.pk}" in page
