"""The moves of a rectification: who, in which state, and what follows."""

import datetime
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from assessments import actions
from assessments.actions import MovedOn
from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification, RectificationStep
from plan.enums import RequirementKind
from portal.accounts.actions import add_member, set_scope
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.models import Evidence
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory
from tests.factories.rectifications import RectificationFactory, last_step
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.factories.vault import StoredFileFactory
from vault.enums import FileState

S, K = RectificationState, NoticeKind
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]
REVIEWERS = {"supervisor", "lead"}
FILLERS = {"contributor", "liaison"}
TODAY = timezone.localdate()
LATER = TODAY + datetime.timedelta(days=20)
MUCH_LATER = TODAY + datetime.timedelta(days=50)


def opened(world, **changes) -> Rectification:
    wanted = {
        "institution": world.institution,
        "authority": world.authority,
        "title": "补齐灾备演练记录",
        "text": "请补充 2026 年两次演练的记录和总结。",
        "deadline": LATER,
        "by": world.supervisor,
    }
    return actions.open_rectification(**wanted | changes)


def in_state(world, state) -> Rectification:
    return RectificationFactory(
        institution=world.institution, authority=world.authority, opened_by=world.supervisor, state=state
    )


def answer(world, rectification, **changes):
    said = {"text": "已补齐。", "evidence": [], "seen": last_step(rectification), "by": world.contributor}
    return actions.answer_rectification(rectification=rectification, **said | changes)


def close(world, rectification, **changes):
    said = {"text": "", "seen": last_step(rectification), "by": world.supervisor}
    return actions.close_rectification(rectification=rectification, **said | changes)


def reopen(world, rectification, **changes):
    said = {"text": "第二次演练缺总结。", "deadline": MUCH_LATER, "seen": last_step(rectification)}
    return actions.reopen_rectification(rectification=rectification, **{**said, "by": world.supervisor, **changes})


def reschedule(world, rectification, **changes):
    said = {"text": "机房搬迁。", "deadline": MUCH_LATER, "seen": last_step(rectification)}
    return actions.reschedule_rectification(rectification=rectification, **{**said, "by": world.supervisor, **changes})


MOVES = {"answer": answer, "close": close, "reopen": reopen, "reschedule": reschedule}
LEGAL = {
    "answer": {S.OPEN: S.UNVERIFIED},
    "close": {S.OPEN: S.CLOSED, S.UNVERIFIED: S.CLOSED},
    "reopen": {S.UNVERIFIED: S.OPEN, S.CLOSED: S.OPEN},
    "reschedule": {S.OPEN: S.OPEN},
}
STEP = {
    "answer": StepKind.ANSWERED,
    "close": StepKind.CLOSED,
    "reopen": StepKind.REOPENED,
    "reschedule": StepKind.RESCHEDULED,
}


def told(kind) -> set[int]:
    return set(Notice.objects.filter(kind=kind).values_list("recipient", flat=True))


def fault(caught, field) -> str:
    """The code of the one error at a field."""
    (error,) = caught.value.error_dict[field]
    return error.code


# --- Opening ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_open(world, who):
    if who in REVIEWERS:
        assert opened(world, by=getattr(world, who)).state == S.OPEN
    else:
        with pytest.raises(PermissionDenied):
            opened(world, by=getattr(world, who))
        assert not Rectification.objects.exists()


def test_opening_writes_the_first_step_tells_the_institution_and_is_recorded(world):
    rectification = opened(world, title="  补齐记录 ")
    step = rectification.steps.get()
    assert (step.kind, step.deadline, step.by, step.at) == (
        StepKind.OPENED,
        LATER,
        world.supervisor,
        rectification.opened_at,
    )
    assert rectification.title == "补齐记录"
    assert told(K.RECTIFICATION_OPENED) == {world.contributor.pk, world.liaison.pk, world.cio.pk}
    event = AuditEvent.objects.get(action="rectification.open")
    assert (event.institution, event.data["deadline"]) == (world.institution, LATER.isoformat())
    notice = world.cio.notices.get()
    assert notice.path == rectification.get_absolute_url()
    assert "补齐记录" in notice.subject
    assert world.institution.name in notice.body


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"deadline": TODAY}, "deadline", "past"),
        ({"deadline": TODAY - datetime.timedelta(days=1)}, "deadline", "past"),
        ({"text": " \n"}, "text", "text"),
        ({"title": "  "}, "title", "title"),
    ],
)
def test_what_is_wanted_is_said_completely(world, changes, field, code):
    with pytest.raises(ValidationError) as caught:
        opened(world, **changes)
    assert fault(caught, field) == code
    assert not Rectification.objects.exists()


def test_the_same_is_not_asked_for_twice_until_it_is_closed(world):
    first = opened(world)
    with pytest.raises(ValidationError) as caught:
        opened(world, title=f" {first.title}", by=world.lead)
    assert fault(caught, "title") == "open_already"
    other = AuthorityFactory()
    assert opened(world, authority=other, by=member(other, Role.SUPERVISOR))
    close(world, first, text="不再需要。")
    assert opened(world)


def test_nobody_opens_for_their_own_institution_or_outside_the_scope(world):
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    with pytest.raises(PermissionDenied):
        opened(world, by=User.objects.get(pk=world.supervisor.pk))
    set_scope(authority=world.authority, kinds=[InstitutionKind.FUND], all_regions=True, by=None)
    with pytest.raises(PermissionDenied):
        opened(world, by=world.lead)


def test_nobody_opens_in_the_name_of_an_authority_where_the_role_does_not_allow_it(world):
    other = AuthorityFactory()
    add_member(user=world.supervisor, body=other, role=Role.OBSERVER, by=None)
    with pytest.raises(PermissionDenied):
        opened(world, authority=other, by=User.objects.get(pk=world.supervisor.pk))


def test_a_requirement_is_one_of_the_institutions(world):
    requirement = world.requirement(RequirementKind.MATURITY)
    assert opened(world, requirement=requirement).requirement == requirement
    with pytest.raises(ValidationError) as caught:
        opened(world, title="另一项", requirement=RequirementFactory())
    assert fault(caught, "requirement") == "requirement"


def test_a_review_is_one_of_the_institutions(world):
    signed = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2, state="returned")
    assert opened(world, review=ReviewFactory(self_assessment=signed, verdict="returned")).review
    elsewhere = SelfAssessmentFactory(cycle=world.cycle, state="returned")
    with pytest.raises(ValueError, match="another institution"):
        opened(world, review=ReviewFactory(self_assessment=elsewhere, verdict="returned"))


# --- Every move: who, and in which state ------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("move", MOVES)
def test_who_may(world, move, who):
    for state, target in LEGAL[move].items():
        rectification = in_state(world, state)
        before = last_step(rectification)
        try_it = {"by": getattr(world, who)} | ({"text": "不再需要。"} if move == "close" else {})
        if who in (FILLERS if move == "answer" else REVIEWERS):
            moved = MOVES[move](world, rectification, **try_it)
            step = moved.steps.order_by("pk").last()
            assert (moved.state, step.kind, step.by) == (target, STEP[move], getattr(world, who))
        else:
            with pytest.raises(PermissionDenied):
                MOVES[move](world, rectification, **try_it)
            assert last_step(rectification) == before


@pytest.mark.parametrize(("move", "state"), [(m, s) for m in MOVES for s in S if s not in LEGAL[m]])
def test_wrong_states(world, move, state):
    rectification = in_state(world, state)
    with pytest.raises(WrongState, match="当前状态为"):
        MOVES[move](world, rectification)
    rectification.refresh_from_db()
    assert rectification.state == state
    assert not AuditEvent.objects.filter(action__startswith="rectification.").exists()


@pytest.mark.parametrize("move", MOVES)
def test_other_bodies_may_not(world, move):
    """Another institution, and another authority that supervises the same one: it reads, and no more."""
    state = next(iter(LEGAL[move]))
    rectification = in_state(world, state)
    other = AuthorityFactory()
    strangers = [
        member(InstitutionFactory(), Role.CONTRIBUTOR),
        member(other, Role.SUPERVISOR),
        member(other, Role.LEAD_SUPERVISOR),
    ]
    for stranger in strangers:
        with pytest.raises(PermissionDenied):
            MOVES[move](world, rectification, by=stranger)
    seen = Rectification.objects.filter(pk=rectification.pk)
    assert [seen.visible_to(user).exists() for user in strangers] == [False, True, True]


@pytest.mark.parametrize("move", [move for move in MOVES if move != "answer"])
def test_nobody_verifies_their_own_institution(world, move):
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    rectification = in_state(world, next(iter(LEGAL[move])))
    with pytest.raises(PermissionDenied):
        MOVES[move](world, rectification, by=User.objects.get(pk=world.supervisor.pk))


@pytest.mark.parametrize("move", MOVES)
def test_a_move_over_somebody_elses_hears_of_it(world, move):
    state = next(iter(LEGAL[move]))
    rectification = in_state(world, state)
    seen = last_step(rectification)
    if state == S.OPEN:
        reschedule(world, rectification, by=world.lead)
    else:
        reopen(world, rectification, by=world.lead)
    with pytest.raises(MovedOn) as caught:
        MOVES[move](world, rectification, seen=seen)
    assert [step.by for step in caught.value.meanwhile] == [world.lead]
    assert world.lead.name in caught.value.messages[0]
    assert caught.value.meanwhile[0].get_kind_display() in caught.value.messages[0]


def test_each_move_is_recorded(world):
    rectification = opened(world)
    reschedule(world, rectification)
    answer(world, rectification)
    reopen(world, rectification, deadline=LATER)
    answer(world, rectification)
    close(world, rectification, text="已核实。")
    events = AuditEvent.objects.filter(action__startswith="rectification.").order_by("pk")
    assert [event.action.split(".")[1] for event in events] == [
        "open",
        "reschedule",
        "answer",
        "reopen",
        "answer",
        "close",
    ]
    assert {event.target_id for event in events} == {str(rectification.pk)}
    assert [step.deadline for step in rectification.steps.order_by("pk")] == [
        LATER,
        MUCH_LATER,
        MUCH_LATER,
        LATER,
        LATER,
        LATER,
    ]


# --- Answering --------------------------------------------------------------------------------------------


@pytest.fixture
def files(world):
    requirement = world.requirement(RequirementKind.EVIDENCE)
    return [EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for _ in range(2)]


def test_the_files_of_an_answer_are_the_supervisors_to_see_from_then_on(world, files):
    given = files[0]
    rectification = opened(world)
    assert not Evidence.objects.visible_to(world.supervisor).exists()
    answered = answer(world, rectification, evidence=[given.pk])
    step = answered.steps.get(kind=StepKind.ANSWERED)
    assert list(step.evidence.all()) == [given]
    given.refresh_from_db()
    assert given.frozen_at == step.at == answered.answered_at
    assert list(Evidence.objects.visible_to(world.supervisor)) == [given]
    assert AuditEvent.objects.get(action="rectification.answer").data["evidence"] == [str(given.pk)]


def test_a_file_that_was_frozen_before_keeps_its_time(world, files):
    long_ago = timezone.now() - datetime.timedelta(days=9)
    Evidence.objects.filter(pk=files[0].pk).update(frozen_at=long_ago)
    answer(world, opened(world), evidence=[files[0].pk])
    files[0].refresh_from_db()
    assert files[0].frozen_at == long_ago


@pytest.mark.parametrize("trouble", ["withdrawn", "unchecked", "foreign", "unknown"])
def test_only_current_checked_files_of_the_institution(world, files, trouble):
    file, requirement = files[0], world.requirement(RequirementKind.EVIDENCE)
    if trouble == "withdrawn":
        Evidence.objects.filter(pk=file.pk).update(withdrawn_at=timezone.now())
    elif trouble == "unchecked":
        stored = StoredFileFactory(institution=world.institution, content=b"new", state=FileState.RECEIVED)
        file = EvidenceFactory(assignment=world.first_assignment, requirement=requirement, stored=stored)
    elif trouble == "foreign":
        file = EvidenceFactory(assignment=AssignmentFactory(task=world.first), requirement=requirement)
    chosen = uuid.uuid4() if trouble == "unknown" else file.pk
    rectification = opened(world)
    with pytest.raises(ValidationError) as caught:
        answer(world, rectification, evidence=[chosen])
    assert fault(caught, "evidence") == "evidence"
    rectification.refresh_from_db()
    assert rectification.state == S.OPEN
    assert not Evidence.objects.exclude(frozen_at=None).exists()


def test_an_answer_says_something(world):
    with pytest.raises(ValidationError) as caught:
        answer(world, opened(world), text="  ")
    assert fault(caught, "text") == "text"


def test_the_opener_hears_of_the_answer_and_the_whole_desk_once_the_opener_is_gone(world):
    other_desk = member(AuthorityFactory(), Role.SUPERVISOR)
    rectification = opened(world)
    answer(world, rectification)
    assert told(K.RECTIFICATION_ANSWERED) == {world.supervisor.pk}
    reopen(world, rectification)
    world.supervisor.memberships.update(is_active=False)
    answer(world, rectification)
    assert told(K.RECTIFICATION_ANSWERED) == {world.supervisor.pk, world.lead.pk}
    assert other_desk.pk not in told(K.RECTIFICATION_ANSWERED)
    assert world.supervisor.notices.filter(kind=K.RECTIFICATION_ANSWERED).count() == 1


# --- Verifying --------------------------------------------------------------------------------------------


def test_closing_what_nobody_answered_says_why(world):
    rectification = opened(world)
    with pytest.raises(ValidationError) as caught:
        close(world, rectification)
    assert fault(caught, "text") == "text"
    assert close(world, rectification, text="该系统已下线。").closed_at


def test_closing_an_answer_needs_no_words_and_tells_the_institution(world):
    rectification = opened(world)
    answer(world, rectification)
    assert close(world, rectification).state == S.CLOSED
    assert told(K.RECTIFICATION_CLOSED) == {world.contributor.pk, world.liaison.pk, world.cio.pk}


def test_reopening_says_why_and_by_when(world):
    rectification = in_state(world, S.CLOSED)
    for changes, field in (({"text": ""}, "text"), ({"deadline": TODAY}, "deadline")):
        with pytest.raises(ValidationError) as caught:
            reopen(world, rectification, **changes)
        assert field in caught.value.error_dict
    reopened = reopen(world, rectification)
    assert (reopened.state, reopened.deadline, reopened.closed_at) == (S.OPEN, MUCH_LATER, None)
    assert told(K.RECTIFICATION_REOPENED) == {world.contributor.pk, world.liaison.pk, world.cio.pk}


def test_a_new_deadline_says_why_and_is_another_one(world):
    rectification = opened(world)
    for changes, field in (
        ({"text": ""}, "text"),
        ({"deadline": TODAY}, "deadline"),
        ({"deadline": LATER}, "deadline"),
    ):
        with pytest.raises(ValidationError) as caught:
            reschedule(world, rectification, **changes)
        assert field in caught.value.error_dict
    moved = reschedule(world, rectification)
    assert (moved.state, moved.deadline) == (S.OPEN, MUCH_LATER)
    notice = world.contributor.notices.get(kind=K.RECTIFICATION_DUE)
    assert notice.subject == "整改期限已调整：“补齐灾备演练记录”"
    assert f"{LATER.month}月{LATER.day}日调整为" in notice.body


# --- What the database refuses ----------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_step_is_never_changed(world, change):
    step = opened(world).steps.get()
    rows = RectificationStep.objects.filter(pk=step.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(text="另一个说法") if change == "update" else rows.delete()


@pytest.mark.parametrize("state", [S.UNVERIFIED, S.CLOSED])
def test_a_state_has_its_time(world, state):
    rectification = opened(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rectification.objects.filter(pk=rectification.pk).update(state=state)


# --- How late it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "state", "late", "escalated"),
    [
        (0, S.OPEN, False, False),
        (1, S.OPEN, True, False),
        (6, S.OPEN, True, False),
        (7, S.OPEN, True, True),
        (7, S.UNVERIFIED, False, False),
        (7, S.CLOSED, False, False),
    ],
)
def test_overdue_and_escalated_are_the_same_in_row_and_query(world, days, state, late, escalated):
    row = in_state(world, state)
    Rectification.objects.update(deadline=TODAY - datetime.timedelta(days=days))
    row.refresh_from_db()
    rows = Rectification.objects.all()
    assert (row.is_overdue, row.is_escalated) == (late, escalated)
    assert (rows.overdue(TODAY).exists(), rows.escalated(TODAY).exists()) == (late, escalated)


def test_the_tally_counts_what_the_authority_has_to_verify(world):
    in_state(world, S.OPEN)
    in_state(world, S.UNVERIFIED)
    in_state(world, S.CLOSED)
    RectificationFactory(institution=world.institution, state=S.UNVERIFIED)
    RectificationFactory(institution=world.institution, deadline=TODAY - datetime.timedelta(days=1))
    tally = Rectification.objects.visible_to(world.supervisor).tally(TODAY, world.authority)
    assert tally == {"open": 2, "overdue": 1, "to_verify": 1}
