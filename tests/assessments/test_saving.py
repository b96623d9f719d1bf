"""Saving while one types: one requirement at a time, never over somebody else's newer text, nothing typed lost."""

import datetime
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.actions.answers import _upsert
from assessments.models import Answer
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from tests.assessments.test_races import again, at_once
from tests.assessments.world import answer_all, build_world, draft, hand_in
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory

K = RequirementKind


def endpoint(world, requirement) -> str:
    return reverse("assessments:save_answer", args=[world.draft.pk, requirement.pk])


def typed(requirement, revision=0, **fields) -> dict:
    return {f"{name}_{requirement.pk}": value for name, value in {"revision": revision, **fields}.items()}


def save(client, world, requirement, by=None, revision=0, **fields):
    client.force_login(by or world.contributor)
    return client.post(endpoint(world, requirement), typed(requirement, revision, **fields))


# --- What the endpoint answers ----------------------------------------------------------------------------


def test_an_answer_is_saved_and_what_it_lacks_is_told(client, world):
    requirement = world.requirement(K.MATURITY)
    answer = save(client, world, requirement, level="4").json()
    assert (answer["revision"], answer["is_complete"], answer["lacking"]) == (1, False, ["缺说明"])
    assert "缺说明" in answer["standing"]
    answer = save(client, world, requirement, revision=1, level="4", justification="已落实。").json()
    assert (answer["revision"], answer["is_complete"], answer["lacking"]) == (2, True, [])
    saved = world.draft.answers.get()
    assert (saved.level, saved.justification, saved.updated_by) == (4, "已落实。", world.contributor)
    assert answer["saved_at"] == timezone.localtime(saved.updated_at).strftime("%H:%M")


def test_the_percentage_is_the_servers(client, world):
    answer = save(client, world, world.requirement(K.RATIO), numerator="１，０３０", denominator="4,120").json()
    assert answer["percentage"] == "25.0"


def test_nothing_typed_makes_no_answer(client, world):
    assert save(client, world, world.requirement(K.MATURITY)).json()["revision"] == 0
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"numerator": "120", "denominator": "100"}, "numerator", "占比将超过 100%"),
        ({"numerator": "120%", "denominator": "100"}, "numerator", "不要带百分号"),
        ({"numerator": "1", "denominator": "0"}, "denominator", "分母不能为 0"),
        ({"numerator": "NaN", "denominator": "1"}, "numerator", "“NaN”不是数字"),
        ({"numerator": "1", "denominator": "Infinity"}, "denominator", "不是数字"),
        ({"numerator": "∞", "denominator": "1"}, "numerator", "不是数字"),
        ({"numerator": "-1", "denominator": "1"}, "numerator", "不能为负数"),
        ({"justification": "长" * 100_000}, "justification", "最多 4000 字，现有 100000 字"),
        ({"revision": "9" * 30}, "revision", ""),
        ({"revision": "-1"}, "revision", ""),
        ({"revision": ""}, "revision", ""),
        ({"evidence": "不是编号"}, "evidence", "重新勾选"),
    ],
)
def test_what_cannot_be_kept_is_named_at_its_field(client, world, fields, field, message):
    requirement = world.requirement(K.RATIO)
    answer = save(client, world, requirement, **{"justification": "写好的说明", **fields})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert list(errors) == [f"{field}_{requirement.pk}"]
    assert message in errors[f"{field}_{requirement.pk}"][0]
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("text", "number"), [("1,234.5", "1234.50"), ("１２３４．５", "1234.50"), ("-0", "0.00"), ("−3", "-3.00")]
)
def test_numbers_are_read_as_people_write_them(client, world, text, number):
    assert save(client, world, world.requirement(K.NUMBER), number=text).status_code == 200
    assert str(world.draft.answers.get().number) == number


def test_a_long_text_is_not_cut_by_the_browser(client, world):
    client.force_login(world.contributor)
    page = client.get(reverse("assessments:task", args=[world.draft.pk, 1]))
    texts = re.findall("<textarea[^>]*>", page.text)
    assert len(texts) > 6
    assert not [text for text in texts if "maxlength" in text]


def test_files_are_linked_and_foreign_ones_refused(client, world):
    requirement = world.requirement(K.EVIDENCE)
    own = EvidenceFactory(assignment=world.first_assignment, requirement=requirement)
    foreign = EvidenceFactory(assignment=AssignmentFactory(task=world.first), requirement=requirement)
    assert save(client, world, requirement, evidence=[str(foreign.pk)]).status_code == 422
    assert save(client, world, requirement, evidence=[str(own.pk)]).status_code == 200
    assert list(world.draft.answers.get().evidence.all()) == [own]
    assert save(client, world, requirement, revision=1, in_place="yes").status_code == 200
    assert not world.draft.answers.get().evidence.exists()


# --- Who, and when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("contributor", 200), ("liaison", 200), ("cio", 403), ("supervisor", 403), ("lead", 403), ("observer", 403)],
)
def test_who_may_save(client, world, who, status):
    answer = save(client, world, world.requirement(K.MATURITY), by=getattr(world, who), level="3")
    assert answer.status_code == status
    assert Answer.objects.exists() == (status == 200)


def test_others_do_not_find_it_and_what_is_not_asked_is_not_there(client, world):
    stranger = member(InstitutionFactory(), Role.CONTRIBUTOR)
    assert save(client, world, world.requirement(K.MATURITY), by=stranger, level="3").status_code == 404
    industry = world.second.requirements.get(level="industry")
    assert save(client, world, industry, level="3").status_code == 404
    client.force_login(world.contributor)
    assert client.get(endpoint(world, world.requirement(K.MATURITY))).status_code == 405


def test_a_role_that_was_removed_meanwhile(client, world):
    requirement = world.requirement(K.MATURITY)
    assert save(client, world, requirement, level="3").status_code == 200
    world.contributor.memberships.update(role=Role.CIO)
    assert client.post(endpoint(world, requirement), typed(requirement, 1, level="5")).status_code == 403
    world.contributor.memberships.update(is_active=False)
    assert client.post(endpoint(world, requirement), typed(requirement, 1, level="5")).status_code in (403, 404)
    assert world.draft.answers.get().level == 3


def test_an_expired_session_leads_to_signing_in(client, world):
    """The script sees the redirect, keeps what was typed and offers to sign in."""
    answer = client.post(endpoint(world, world.requirement(K.MATURITY)), {})
    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_what_was_handed_in_meanwhile_says_so(client, world):
    hand_in(world)
    answer = save(client, world, world.requirement(K.MATURITY), revision=1, level="5")
    assert answer.status_code == 409
    assert "待签署" in answer.json()["error"]
    assert world.draft.answers.get(requirement=world.requirement(K.MATURITY)).level == 3


# --- Two people -------------------------------------------------------------------------------------------


def test_a_stale_save_gets_the_other_version_and_saves_on_it(client, world):
    requirement = world.requirement(K.MATURITY)
    file = EvidenceFactory(assignment=world.first_assignment, requirement=requirement, original_name="制度.pdf")
    theirs = draft(requirement, justification="同事的说明", level=1, evidence=[file.pk])._replace(
        measure="补充制度", measure_owner="王五", measure_due_on=timezone.localdate()
    )
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: theirs}, by=world.liaison)
    mine = {"level": "4", "justification": "我的说明"}
    refused = save(client, world, requirement, **mine)
    assert refused.status_code == 409
    panel = refused.json()["theirs"]
    for words in (world.liaison.name, "1 级", "同事的说明", "补充制度", "王五", "制度.pdf", 'data-revision="1"'):
        assert words in panel
    assert f"&quot;level_{requirement.pk}&quot;: &quot;1&quot;" in panel
    assert world.draft.answers.get().justification == "同事的说明"
    assert save(client, world, requirement, revision=1, **mine).json()["revision"] == 2
    assert world.draft.answers.get().justification == "我的说明"


def test_the_same_text_on_an_old_revision_is_no_conflict(client, world):
    """A save whose answer got lost on the way is sent again."""
    requirement = world.requirement(K.MATURITY)
    for _ in range(2):
        answer = save(client, world, requirement, level="4", justification="同样的话")
        assert answer.json()["revision"] == 1
    assert save(client, world, requirement, by=world.liaison, level="5").status_code == 409


def test_the_statement_itself_gives_way_to_what_is_newer(world):
    requirement = world.requirement(K.MATURITY)
    facts = {"self_assessment": world.draft, "requirement": requirement}
    assert list(_upsert([Answer(**facts, level=1, revision=1)])) == [requirement.pk]
    assert list(_upsert([Answer(**facts, level=2, revision=2)])) == [requirement.pk]
    assert _upsert([Answer(**facts, level=5, revision=2)]) == {}
    assert _upsert([]) == {}
    assert (world.draft.answers.get().level, world.draft.answers.get().revision) == (2, 2)


# --- The audit trail --------------------------------------------------------------------------------------


def saved_events():
    return AuditEvent.objects.filter(action="self_assessment.answers_saved")


def autosave(world, text, revision, by):
    requirement = world.requirement(K.MATURITY)
    answer = actions.save_answer(
        self_assessment=world.draft,
        requirement=requirement,
        draft=draft(requirement, justification=text, revision=revision),
        by=by,
    )
    return answer.revision


def test_the_trail_tells_who_began_to_write_and_not_of_every_pause(world):
    revision = 0
    for text in ("一", "一二", "一二三"):
        revision = autosave(world, text, revision, world.contributor)
    (event,) = saved_events()
    assert (event.actor, event.data) == (world.contributor, {"requirements": ["1.2"]})
    revision = autosave(world, "改", revision, world.liaison)
    autosave(world, "改回", revision, world.contributor)
    actors = [world.contributor, world.liaison, world.contributor]
    assert [event.actor for event in saved_events().order_by("pk")] == actors


def test_the_trail_tells_of_what_is_written_after_it_was_handed_in(world):
    answer_all(world)
    before = saved_events().count()
    actions.hand_in(self_assessment=world.draft, by=world.contributor)
    actions.send_back(self_assessment=world.draft, reason="请改。", by=world.cio)
    revision = autosave(world, "改过", 1, world.contributor)
    assert saved_events().count() == before + 1
    autosave(world, "又改", revision, world.contributor)
    assert saved_events().count() == before + 1


# --- What was carried over --------------------------------------------------------------------------------


def carried_over(world, kind=K.MATURITY):
    requirement = world.requirement(kind)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: draft(requirement)}, by=world.contributor)
    world.draft.answers.filter(requirement=requirement).update(
        is_carried_over=True, updated_at=world.draft.created_at - datetime.timedelta(days=180)
    )
    return requirement


def test_what_is_carried_over_is_marked_until_somebody_confirms_it(client, world):
    requirement = carried_over(world)
    carried_over(world, K.DATE)
    page = reverse("assessments:task", args=[world.draft.pk, 1])
    client.force_login(world.liaison)
    text = client.get(page).text
    assert "本任务有 2 项答案沿用上期" in text
    before = dict(world.draft.answers.values_list("requirement", "revision"))
    response = client.post(page, unchanged(client, page) | {"confirm": requirement.pk})
    assert response.url == f"{page}#requirement-{requirement.pk}"
    assert not world.draft.answers.get(requirement=requirement).is_carried_over
    assert world.draft.answers.filter(is_carried_over=True).count() == 1
    client.post(page, unchanged(client, page) | {"confirm": "all"})
    assert not world.draft.answers.filter(is_carried_over=True).exists()
    assert dict(world.draft.answers.values_list("requirement", "revision")) == before
    confirmed = AuditEvent.objects.filter(action="self_assessment.answers_confirmed").order_by("pk")
    assert [event.data["requirements"] for event in confirmed] == [["1.2"], ["1.5"]]


def unchanged(client, page) -> dict:
    """What the browser sends when nothing was typed."""
    form = client.get(page).context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", [])}


def test_any_change_confirms(client, world):
    requirement = carried_over(world)
    answer = save(client, world, requirement, revision=1, level="3", justification="核对过。").json()
    assert answer["is_complete"]
    assert not world.draft.answers.get().is_carried_over
    assert saved_events().count() == 2


def test_saving_the_page_alone_confirms_nothing(client, world):
    carried_over(world)
    page = reverse("assessments:task", args=[world.draft.pk, 1])
    client.force_login(world.contributor)
    client.post(page, unchanged(client, page))
    assert world.draft.answers.get().is_carried_over


@pytest.mark.parametrize("who", ["contributor", "liaison", "cio", "supervisor", "lead", "observer"])
def test_who_may_confirm(world, who):
    requirement = carried_over(world)
    confirm = {"self_assessment": world.draft, "requirements": [requirement], "by": getattr(world, who)}
    if who in ("contributor", "liaison"):
        assert actions.confirm_answers(**confirm) == 1
        assert actions.confirm_answers(**confirm) == 0
    else:
        with pytest.raises(PermissionDenied):
            actions.confirm_answers(**confirm)
        assert world.draft.answers.get().is_carried_over


def test_nothing_is_confirmed_once_it_is_handed_in(world):
    hand_in(world)
    with pytest.raises(WrongState):
        actions.confirm_answers(self_assessment=world.draft, requirements=[], by=world.contributor)


# --- What it costs ----------------------------------------------------------------------------------------


def cost(client, world, requirement, **fields) -> list[str]:
    revision = world.draft.answers.filter(requirement=requirement).values_list("revision", flat=True).first() or 0
    client.force_login(world.contributor)
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(endpoint(world, requirement), typed(requirement, revision, **fields))
    assert answer.status_code == 200
    return [query["sql"] for query in queries]


def test_a_save_costs_the_same_for_3_requirements_and_for_78(client, world):
    requirement = world.requirement(K.MATURITY)
    cost(client, world, requirement, level="3")
    before = cost(client, world, requirement, level="4")
    for _ in range(70):
        RequirementFactory(task=world.second)
    answer_all_but(world, requirement)
    after = cost(client, world, requirement, level="5")
    assert len(after) == len(before)
    assert len(after) <= 18
    writes = [sql for sql in after if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(writes) == 1
    assert "ON CONFLICT (self_assessment_id, requirement_id)" in writes[0]


def answer_all_but(world, requirement):
    others = world.second.requirements.filter(level="institution")
    drafts = {other.pk: draft(other) for other in others}
    actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)
    assert requirement.pk not in drafts


# --- Two transactions at once -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_saves_at_once_lose_nothing(transactional_db):
    world = build_world()
    requirement = world.requirement(K.MATURITY)
    texts = {world.contributor: "甲的说明", world.liaison: "乙的说明"}

    def save(person):
        return lambda: actions.save_answer(
            self_assessment=world.draft,
            requirement=requirement,
            draft=draft(requirement, justification=texts[person]),
            by=again(person),
        )

    outcomes = at_once(save(world.contributor), save(world.liaison))
    (lost,) = [outcome for outcome in outcomes if isinstance(outcome, StaleAnswers)]
    saved = world.draft.answers.get()
    kept = lost.current[requirement.pk]
    assert (saved.justification, saved.revision) == (kept.justification, 1)
    assert saved.justification == texts[saved.updated_by]
