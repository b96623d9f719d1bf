"""Requests for an extension or 不适用: who may file, withdraw and decide, and what follows from it."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.actions import add_member
from portal.accounts.enums import AuthorityKind, InstitutionKind, Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from portal.notices.reminders.planning import plan_reminders
from tasks import actions as tasks
from tasks.enums import TRANSITIONS, AssignmentState, RequestKind, RequestState
from tasks.models import Assignment, ChangeRequest, Evidence
from tasks.reminders import ASSIGNMENTS
from tasks.requests import AlreadyPending, decline_request, file_request, grant_request, withdraw_request
from tasks.rollout import apply_schedule
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.tasks import STAMPS, AssignmentFactory, EvidenceFactory, fill_in
from tests.factories.vault import StoredFileFactory
from tests.tasks.world import make_task
from vault.enums import FileState

pytestmark = pytest.mark.django_db
A, K, R = AssignmentState, RequestKind, RequestState
DAY = datetime.timedelta(days=1)
ROLES = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def later(assignment: Assignment, days: int = 20) -> datetime.date:
    return assignment.deadline + days * DAY


def ask(people, assignment, kind=K.EXTENSION, by=None, **fields) -> ChangeRequest:
    if kind == K.EXTENSION:
        fields.setdefault("new_deadline", max(later(assignment), timezone.localdate()))
    fields.setdefault("reason", "系统改造涉及外部供应商，交付推迟。")
    return file_request(assignment=assignment, kind=kind, by=by or people.contributor, **fields)


def grant(people, request, by=None, **fields) -> ChangeRequest:
    return grant_request(request=request, authority=people.authority, by=by or people.lead, **fields)


def decline(people, request, by=None, decision="理由不充分。") -> ChangeRequest:
    return decline_request(request=request, authority=people.authority, decision=decision, by=by or people.lead)


class TestFiling:
    @pytest.mark.parametrize("kind", K)
    @pytest.mark.parametrize("role", ROLES)
    def test_those_who_fill_in_or_sign_may(self, people, assignment, role, kind):
        person = getattr(people, role)
        if role in ("contributor", "liaison", "cio"):
            assert ask(people, assignment, kind, by=person).requested_by == person
        else:
            with pytest.raises(PermissionDenied):
                ask(people, assignment, kind, by=person)

    def test_another_institutions_people_may_not(self, people, assignment):
        with pytest.raises(PermissionDenied):
            ask(people, assignment, by=member(InstitutionFactory(), Role.CIO))

    @pytest.mark.parametrize("kind", K)
    @pytest.mark.parametrize("state", A)
    def test_in_which_states(self, people, kind, state):
        assignment = AssignmentFactory(institution=people.institution, task=make_task(), state=state)
        possible = (
            TRANSITIONS["exempt"].sources if kind == K.NOT_APPLICABLE else set(A) - {A.ACCEPTED, A.NOT_APPLICABLE}
        )
        if state in possible:
            assert ask(people, assignment, kind).state == R.PENDING
        else:
            with pytest.raises(WrongState):
                ask(people, assignment, kind)

    def test_what_is_kept_and_recorded(self, people, filled):
        file = filled.evidence.first()
        request = ask(people, filled, reason="  原因。 ", evidence=[file.pk])
        assert (request.reason, request.old_deadline, request.is_late) == ("原因。", filled.deadline, False)
        assert list(request.evidence.all()) == [file]
        filled.refresh_from_db()
        assert filled.deadline == request.old_deadline
        event = AuditEvent.objects.get(action="changerequest.filed")
        assert (event.actor, event.institution) == (people.contributor, people.institution)
        assert event.data["new_deadline"] == request.new_deadline.isoformat()

    def test_its_files_become_visible_to_supervisors(self, people, filled):
        file, other = filled.evidence.all()[:2]
        assert not Evidence.objects.visible_to(people.supervisor).exists()
        ask(people, filled, evidence=[file.pk])
        assert list(Evidence.objects.visible_to(again(people.supervisor))) == [file]
        assert Evidence.objects.get(pk=other.pk).frozen_at is None

    def test_what_was_frozen_before_stays_as_it_was(self, people, filled):
        moment = timezone.now() - 9 * DAY
        file = filled.evidence.first()
        Evidence.objects.filter(pk=file.pk).update(frozen_at=moment)
        ask(people, filled, evidence=[file.pk])
        assert Evidence.objects.get(pk=file.pk).frozen_at == moment

    def test_files_of_the_library_will_do(self, people, assignment):
        other = fill_in(AssignmentFactory(institution=people.institution, task=make_task()))
        file = other.evidence.first()
        assert list(ask(people, assignment, evidence=[file.pk]).evidence.all()) == [file]

    @pytest.mark.parametrize("why", ["withdrawn", "replaced", "foreign", "unchecked"])
    def test_other_files_are_refused(self, people, filled, why):
        file = filled.evidence.first()
        if why == "withdrawn":
            Evidence.objects.filter(pk=file.pk).update(withdrawn_at=timezone.now())
        elif why == "replaced":
            Evidence.objects.filter(pk=file.pk).update(superseded_at=timezone.now())
        elif why == "foreign":
            file = fill_in(AssignmentFactory(task=filled.task)).evidence.first()
        else:
            waiting = StoredFileFactory(institution=people.institution, content=b"new", state=FileState.RECEIVED)
            file = EvidenceFactory(assignment=filled, requirement=file.requirement, stored=waiting)
        with pytest.raises(ValidationError) as error:
            ask(people, filled, evidence=[file.pk])
        assert "evidence" in error.value.message_dict
        assert not ChangeRequest.objects.exists()

    @pytest.mark.parametrize("days", [-1, 0])
    def test_a_deadline_that_is_not_later_is_refused(self, people, assignment, days):
        with pytest.raises(ValidationError) as error:
            ask(people, assignment, new_deadline=assignment.deadline + days * DAY)
        assert "应晚于现在的期限" in error.value.message_dict["new_deadline"][0]

    def test_a_deadline_in_the_past_is_refused_and_today_is_not(self, people):
        today = timezone.localdate()
        late = AssignmentFactory(institution=people.institution, task=make_task(), deadline=today - 9 * DAY)
        with pytest.raises(ValidationError) as error:
            ask(people, late, new_deadline=today - DAY)
        assert "已经过去" in error.value.message_dict["new_deadline"][0]
        assert ask(people, late, new_deadline=today).new_deadline == today

    def test_beyond_the_plans_end_is_possible(self, people, assignment):
        beyond = assignment.task.plan.ends_on + 30 * DAY
        assert ask(people, assignment, new_deadline=beyond).new_deadline == beyond

    @pytest.mark.parametrize(("reason", "new_deadline"), [(" \n", 5), ("", 5), ("原因", None)])
    def test_a_reason_and_a_day_are_needed(self, people, assignment, reason, new_deadline):
        day = new_deadline and later(assignment, new_deadline)
        with pytest.raises(ValidationError):
            ask(people, assignment, reason=reason, new_deadline=day)

    def test_one_that_comes_after_the_deadline_is_taken_and_says_so(self, people):
        """The page may have been open for long: the day on which the request is made decides."""
        yesterday = timezone.localdate() - DAY
        late = AssignmentFactory(institution=people.institution, task=make_task(), deadline=yesterday)
        assert ask(people, late).is_late
        on_the_day = AssignmentFactory(institution=people.institution, task=make_task(), deadline=yesterday + DAY)
        assert not ask(people, on_the_day).is_late

    def test_only_one_of_a_kind_waits(self, people, assignment):
        first = ask(people, assignment)
        with pytest.raises(AlreadyPending) as error:
            ask(people, assignment, by=people.cio)
        assert error.value.pending == first
        assert people.contributor.name in error.value.messages[0]
        ask(people, assignment, K.NOT_APPLICABLE)
        withdraw_request(request=first, by=people.cio)
        assert ask(people, assignment).pk != first.pk


class TestWhoIsTold:
    def told(self, request) -> set[User]:
        return {notice.recipient for notice in Notice.objects.filter(key=f"request:{request.pk}:filed")}

    def test_headquarters_where_there_is_nobody_else(self, people, assignment):
        assert self.told(ask(people, assignment)) == {people.lead}
        assert self.told(ask(people, assignment, K.NOT_APPLICABLE)) == {people.supervisor, people.lead}

    def test_the_nearest_authorities_and_not_headquarters(self, people, assignment):
        office = AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE)
        elsewhere = AuthorityFactory(kind=AuthorityKind.ASSOCIATION, kinds=[InstitutionKind.FUTURES])
        lead, supervisor = member(office, Role.LEAD_SUPERVISOR), member(office, Role.SUPERVISOR)
        member(office, Role.OBSERVER)
        member(elsewhere, Role.LEAD_SUPERVISOR)
        assert self.told(ask(people, assignment)) == {lead}
        assert self.told(ask(people, assignment, K.NOT_APPLICABLE)) == {lead, supervisor}

    def test_headquarters_where_the_office_has_nobody_who_decides(self, people, assignment):
        office = AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE)
        member(office, Role.SUPERVISOR)
        assert self.told(ask(people, assignment)) == {people.lead}

    def test_nobody_who_belongs_to_the_institution(self, people, assignment):
        office = AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE)
        both = member(office, Role.LEAD_SUPERVISOR)
        add_member(user=both, body=people.institution, role=Role.LIAISON, by=None)
        assert self.told(ask(people, assignment)) == {people.lead}

    def test_the_institution_hears_of_the_decision(self, people, assignment):
        request = ask(people, assignment)
        grant(people, request)
        inside = {people.contributor, people.liaison, people.cio}
        granted = Notice.objects.filter(kind=NoticeKind.REQUEST_GRANTED)
        assert {notice.recipient for notice in granted} == inside
        assert {notice.path for notice in granted} == {request.get_absolute_url()}
        decline(people, ask(people, Assignment.objects.get()))
        declined = Notice.objects.filter(kind=NoticeKind.REQUEST_DECLINED)
        assert {notice.recipient for notice in declined} == inside

    def test_however_many_there_are_it_costs_the_same(self, people, assignment):
        assignment, cio = Assignment.objects.get(), again(people.cio)
        with CaptureQueriesContext(connection) as one:
            first = ask(people, assignment, by=cio)
        withdraw_request(request=first, by=people.cio)
        for _ in range(3):
            member(people.authority, Role.LEAD_SUPERVISOR)
        assignment, cio = Assignment.objects.get(), again(people.cio)
        with CaptureQueriesContext(connection) as more:
            ask(people, assignment, by=cio)
        assert len(more) == len(one)


class TestWithdrawing:
    @pytest.mark.parametrize("role", ROLES)
    def test_the_institution_may(self, people, assignment, role):
        request = ask(people, assignment)
        if role in ("contributor", "liaison", "cio"):
            assert withdraw_request(request=request, by=getattr(people, role)).state == R.WITHDRAWN
            assert AuditEvent.objects.filter(action="changerequest.withdraw").exists()
        else:
            with pytest.raises(PermissionDenied):
                withdraw_request(request=request, by=getattr(people, role))

    def test_not_what_was_decided(self, people, assignment):
        request = decline(people, ask(people, assignment))
        with pytest.raises(WrongState):
            withdraw_request(request=request, by=people.contributor)


class TestDeciding:
    @pytest.mark.parametrize("decide", [grant, decline])
    @pytest.mark.parametrize("kind", K)
    @pytest.mark.parametrize("role", ROLES)
    def test_who_may(self, people, assignment, role, kind, decide):
        request = ask(people, assignment, kind)
        allowed = {"lead"} if kind == K.EXTENSION else {"lead", "supervisor"}
        if role in allowed:
            decided = decide(people, request, by=getattr(people, role))
            assert (decided.decided_by, decided.authority) == (getattr(people, role), people.authority)
        else:
            with pytest.raises(PermissionDenied):
                decide(people, request, by=getattr(people, role))
            assert ChangeRequest.objects.get().state == R.PENDING

    @pytest.mark.parametrize("decide", [grant, decline])
    def test_nobody_decides_for_a_body_they_belong_to(self, people, assignment, decide):
        request = ask(people, assignment)
        add_member(user=people.lead, body=people.institution, role=Role.CONTRIBUTOR, by=None)
        with pytest.raises(PermissionDenied):
            decide(people, request, by=again(people.lead))

    def test_not_outside_the_authoritys_scope(self, people, assignment):
        request = ask(people, assignment)
        elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        lead = member(elsewhere, Role.LEAD_SUPERVISOR)
        for authority in (elsewhere, people.authority):
            with pytest.raises(PermissionDenied):
                grant_request(request=request, authority=authority, by=lead)

    def test_the_role_must_be_held_in_that_authority(self, people, assignment):
        """An observer here who leads elsewhere decides nothing here."""
        request = ask(people, assignment)
        elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        add_member(user=people.observer, body=elsewhere, role=Role.LEAD_SUPERVISOR, by=None)
        with pytest.raises(PermissionDenied):
            grant(people, request, by=again(people.observer))

    @pytest.mark.parametrize("days", [None, 1, 19, 20])
    def test_the_day_asked_for_or_an_earlier_one(self, people, assignment, days):
        request = ask(people, assignment)
        day = days and later(assignment, days)
        granted = grant(people, request, granted_deadline=day, decision="同意。")
        assignment.refresh_from_db()
        assert assignment.deadline == granted.granted_deadline == (day or request.new_deadline)
        assert assignment.deadline_is_official
        event = AuditEvent.objects.get(action="changerequest.grant")
        assert event.data["old_deadline"] == request.old_deadline.isoformat()
        assert event.data["deadline"] == assignment.deadline.isoformat()

    @pytest.mark.parametrize("days", [-1, 0, 21])
    def test_no_other_day(self, people, assignment, days):
        request = ask(people, assignment)
        with pytest.raises(ValidationError) as error:
            grant(people, request, granted_deadline=later(assignment, days))
        assert "granted_deadline" in error.value.message_dict
        assert Assignment.objects.get().deadline == request.old_deadline

    def test_granted_after_the_day_asked_for_it_still_holds(self, people):
        today = timezone.localdate()
        late = AssignmentFactory(institution=people.institution, task=make_task(), deadline=today - 9 * DAY)
        request = ask(people, late, new_deadline=today)
        ChangeRequest.objects.update(requested_at=timezone.now() - 5 * DAY, new_deadline=today - 2 * DAY)
        request.refresh_from_db()
        grant(people, request)
        assert Assignment.objects.get().deadline == today - 2 * DAY

    def test_not_applicable_exempts_with_the_institutions_reason(self, people, assignment):
        request = ask(people, assignment, K.NOT_APPLICABLE, reason="未开展程序化交易。")
        grant(people, request, by=people.supervisor)
        assignment.refresh_from_db()
        assert (assignment.state, assignment.exempted_reason) == (A.NOT_APPLICABLE, "未开展程序化交易。")
        assert AuditEvent.objects.filter(action="assignment.exempt").exists()

    @pytest.mark.parametrize("decision", ["", " \n"])
    def test_declining_needs_words(self, people, assignment, decision):
        with pytest.raises(ValidationError) as error:
            decline(people, ask(people, assignment), decision=decision)
        assert "decision" in error.value.message_dict

    def test_declining_leaves_everything(self, people, assignment):
        before = Assignment.objects.values().get()
        decline(people, ask(people, assignment))
        assert Assignment.objects.values().get() == before

    @pytest.mark.parametrize("first", [grant, decline])
    @pytest.mark.parametrize("second", [grant, decline])
    @pytest.mark.parametrize("kind", K)
    def test_once(self, people, assignment, kind, first, second):
        request = ask(people, assignment, kind)
        first(people, request)
        with pytest.raises(WrongState):
            second(people, request)

    @pytest.mark.parametrize("decide", [grant, decline])
    def test_not_what_was_withdrawn(self, people, assignment, decide):
        request = ask(people, assignment)
        withdraw_request(request=request, by=people.contributor)
        with pytest.raises(WrongState):
            decide(people, request)

    @pytest.mark.parametrize(
        ("kind", "state"),
        [
            (K.EXTENSION, A.ACCEPTED),
            (K.EXTENSION, A.NOT_APPLICABLE),
            (K.NOT_APPLICABLE, A.AWAITING_SIGNATURE),
            (K.NOT_APPLICABLE, A.SUBMITTED),
            (K.NOT_APPLICABLE, A.ACCEPTED),
        ],
    )
    def test_work_that_moved_on_leaves_only_no(self, people, assignment, kind, state):
        request = ask(people, assignment, kind)
        stamps = dict.fromkeys(STAMPS[state], timezone.now())
        reason = "另行认定" if state == A.NOT_APPLICABLE else ""
        Assignment.objects.update(state=state, exempted_reason=reason, **stamps)
        with pytest.raises(WrongState) as error:
            grant(people, request)
        assert str(A(state).label) in error.value.messages[0]
        assert decline(people, request).state == R.DECLINED

    def test_submitted_work_can_still_be_given_time(self, people, filled):
        request = ask(people, filled)
        tasks.hand_in(assignment=filled, by=people.contributor)
        assert grant(people, request).state == R.GRANTED

    def test_a_schedule_that_moved_meanwhile_is_said(self, people, assignment):
        request = ask(people, assignment)
        Assignment.objects.update(deadline=assignment.deadline + DAY)
        with pytest.raises(WrongState) as error:
            grant(people, request)
        assert request.old_deadline.isoformat() in error.value.messages[0]


class TestWhatFollows:
    def test_a_changed_schedule_does_not_undo_an_extension(self, people, assignment):
        plan, schedule = assignment.task.plan, assignment.task.schedules.get()
        other = AssignmentFactory(task=assignment.task)
        granted = grant(people, ask(people, assignment)).granted_deadline

        def after(due_on) -> tuple[datetime.date, bool, datetime.date]:
            type(schedule).objects.filter(pk=schedule.pk).update(due_on=due_on)
            apply_schedule(plan=plan, by=None)
            assignment.refresh_from_db()
            other.refresh_from_db()
            assert other.deadline == due_on
            return assignment.deadline, assignment.deadline_is_official, due_on

        assert after(granted - 3 * DAY)[:2] == (granted, True)
        later_still = granted + 40 * DAY
        assert after(later_still)[:2] == (later_still, False)
        assert after(granted - 5 * DAY)[:2] == (granted, True)
        assert after(granted)[:2] == (granted, True)

    def test_a_declined_one_holds_nothing(self, people, assignment):
        decline(people, ask(people, assignment))
        day = assignment.deadline - DAY
        assignment.task.schedules.update(due_on=day)
        apply_schedule(plan=assignment.task.plan, by=None)
        assert Assignment.objects.get().deadline == day

    def test_an_extended_deadline_is_reminded_of_anew(self, people):
        today = timezone.localdate()
        assignment = AssignmentFactory(institution=people.institution, task=make_task(), deadline=today)
        assert plan_reminders(ASSIGNMENTS, today=today)["+0d"] == 2
        grant(people, ask(people, assignment, new_deadline=today + 7 * DAY))
        assert plan_reminders(ASSIGNMENTS, today=today)["-7d"] == 3  # the CIO too: nobody works on it
        assert plan_reminders(ASSIGNMENTS, today=today) == {}
        assert plan_reminders(ASSIGNMENTS, today=today + 7 * DAY)["+0d"] == 2

    def test_what_is_pending_is_reminded_of_as_before(self, people):
        today = timezone.localdate()
        assignment = AssignmentFactory(institution=people.institution, task=make_task(), deadline=today)
        ask(people, assignment)
        assert plan_reminders(ASSIGNMENTS, today=today)["+0d"] == 2


class TestRows:
    def test_who_sees_them(self, people, assignment):
        request = ask(people, assignment)
        stranger = member(InstitutionFactory(), Role.CIO)
        elsewhere = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR)
        for role in ROLES:
            assert list(ChangeRequest.objects.visible_to(getattr(people, role))) == [request]
        for person in (stranger, elsewhere):
            assert not ChangeRequest.objects.visible_to(person).exists()

    @pytest.mark.parametrize(
        "lie",
        [
            {"state": R.GRANTED},
            {"state": R.WITHDRAWN},
            {"granted_deadline": timezone.localdate() + 40 * DAY},
            {"new_deadline": timezone.localdate()},
            {"reason": ""},
            {"state": R.DECLINED, "decided_at": timezone.now()},
        ],
    )
    def test_the_database_refuses_lies(self, people, assignment, lie):
        ask(people, assignment)
        with pytest.raises(IntegrityError), transaction.atomic():
            ChangeRequest.objects.update(**lie)
