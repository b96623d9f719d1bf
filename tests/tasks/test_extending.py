"""批量延期: what moves and what does not, the proof of it, who is told, and moving it back."""

import hashlib
import uuid
from datetime import date, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from plan.models import Schedule
from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import DayUnit, NoticeKind
from portal.notices.models import Delivery, Notice
from portal.working_days import shifted
from tasks.actions import exempt
from tasks.enums import AssignmentState as S
from tasks.enums import BulkExtensionState as B
from tasks.enums import ExtensionRefusal, RequestKind
from tasks.extending.asking import ask, ask_undo
from tasks.extending.carrying_out import carry_out
from tasks.extending.choice import Choice, LeftOut
from tasks.extending.terms import Term
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tasks.requests import file_request, grant_request
from tasks.rollout import apply_schedule
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MONTH = Term(days=30, unit=DayUnit.CALENDAR)


def choice_of(user, term=MONTH, filters=None):
    return Choice(user, membership_of(user), term, filters or {})


def ticked(*rows):
    return {"ticked": ["assignments"], "assignment": [str(row.pk) for row in rows]}


def confirm(user, term=MONTH, *, choice=None, seen=None, token=None, reason="系统升级推迟"):
    """Asked for, and not carried out yet."""
    choice = choice or choice_of(user, term)
    return ask(
        choice=choice,
        reason=reason,
        seen_sha256=seen or choice.digest()[2],
        token=token or uuid.uuid4(),
        by=user,
    )


def carried_out(extension):
    carry_out(extension_id=extension.pk)
    return BulkExtension.objects.get(pk=extension.pk)


def decide(user, *args, **kwargs):
    return carried_out(confirm(user, *args, **kwargs))


def take_back(extension, user):
    return carried_out(ask_undo(extension=extension, by=user, membership=membership_of(user)))


class TestWhatMoves:
    def test_every_reason_to_leave_one_out_and_the_rest_moves(self, people):
        today, institution = timezone.localdate(), people.institution
        moves = AssignmentFactory(institution=institution, deadline=today - 5 * DAY)
        AssignmentFactory(institution=institution, state=S.SUBMITTED, deadline=today)
        for state in (S.ACCEPTED, S.NOT_APPLICABLE):
            AssignmentFactory(institution=institution, state=state)
        asked = AssignmentFactory(institution=institution)
        file_request(
            assignment=asked,
            kind=RequestKind.EXTENSION,
            reason="x",
            by=people.cio,
            new_deadline=asked.deadline + DAY,
        )
        long_past = AssignmentFactory(institution=institution, deadline=today - 31 * DAY)
        preview = choice_of(people.lead).preview()
        assert (preview.assignments, preview.institutions) == (2, 1)
        why = dict(preview.left_out)
        assert why == {LeftOut.CLOSED.label: 2, LeftOut.PENDING.label: 1, LeftOut.STILL_PAST.label: 1}
        assert [row.extended_to for row in preview.rows] == [today + 25 * DAY, today + 30 * DAY]
        until_today = choice_of(people.lead, Term(until=today)).preview()
        assert dict(until_today.left_out)[LeftOut.NOT_LATER.label] == 1
        assert set(until_today.rows) == {moves, long_past}

    def test_a_request_for_exemption_is_no_obstacle(self, people, assignment):
        file_request(assignment=assignment, kind=RequestKind.NOT_APPLICABLE, reason="x", by=people.cio)
        assert decide(people.lead).assignments == 1

    @pytest.mark.parametrize("days", [1, 7, 250])
    def test_working_days_in_sql_are_those_in_python(self, people, days):
        today = timezone.localdate()
        for offset in (0, 1, 2, 3, 65, 300, 900):
            AssignmentFactory(institution=people.institution, deadline=today + offset * DAY)
        before = dict(Assignment.objects.values_list("pk", "deadline"))
        decide(people.lead, Term(days=days, unit=DayUnit.WORKING))
        after = dict(Assignment.objects.values_list("pk", "deadline"))
        assert after == {pk: shifted(day, days) for pk, day in before.items()}

    def test_another_authoritys_rows_never(self, people):
        """Neither those out of scope, nor those of the person's own institution, nor where they only observe."""
        AssignmentFactory(institution=InstitutionFactory(kind=InstitutionKind.FUTURES))
        own, other = AssignmentFactory(), AssignmentFactory(institution=people.institution)
        user = member(AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), Role.LEAD_SUPERVISOR)
        acting = user.memberships.get()
        add_member(user=user, body=own.institution, role=Role.CONTRIBUTOR, by=None)
        add_member(user=user, body=AuthorityFactory(), role=Role.OBSERVER, by=None)
        user.forget_memberships()
        choice = Choice(user, acting, MONTH, {})
        preview = choice.preview()
        assert {row.pk for row in preview.rows} == {other.pk}
        assert preview.left_out == [(LeftOut.OWN.label, 1)]
        decide(user, choice=choice)
        assert ExtendedAssignment.objects.get().assignment == other
        observing = user.memberships.get(role=Role.OBSERVER)
        with pytest.raises(PermissionDenied):
            decide(user, choice=Choice(user, observing, MONTH, {}), seen="x")


class TestDeciding:
    @pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "lead", "observer"])
    def test_who_may(self, people, assignment, who):
        user = getattr(people, who)
        if who == "lead":
            extension = decide(user)
            assert take_back(extension, user).put_back == 1
            return
        with pytest.raises(PermissionDenied):
            decide(user, seen="x")
        with pytest.raises(PermissionDenied):
            take_back(decide(people.lead), user)
        with pytest.raises(PermissionDenied):
            decide(user, choice=choice_of(people.lead))

    def test_the_rows_the_proof_and_the_event(self, people):
        rows = [AssignmentFactory(institution=people.institution) for _ in range(3)]
        extension = decide(people.lead, reason=" 推迟 ")
        assert (extension.assignments, extension.institutions, extension.reason) == (3, 1, "推迟")
        proof = extension.extended.order_by("assignment")
        for row, extended in zip(rows, proof, strict=True):
            old = row.deadline
            row.refresh_from_db()
            assert (extended.assignment, extended.old_deadline, extended.new_deadline) == (row, old, row.deadline)
            assert row.deadline == old + 30 * DAY and row.deadline_is_official and not extended.old_is_official
        asked, event = AuditEvent.objects.filter(action__in=["bulkextension.asked", "bulkextension.extend"]).order_by(
            "pk"
        )
        assert (asked.actor, asked.data["sha256"]) == (people.lead, event.data["sha256"])
        assert (event.institution, event.actor, event.data["assignments"]) == (None, people.lead, 3)
        lines = sorted(f"{row.assignment_id} {row.old_deadline} {row.new_deadline}" for row in proof)
        assert event.data["sha256"] == hashlib.sha256("\n".join(lines).encode()).hexdigest() == extension.sha256

    def test_what_was_not_seen_is_not_asked_for(self, people, assignment):
        seen = choice_of(people.lead).digest()[2]
        decide(people.lead)
        with pytest.raises(ValidationError, match="与您看到的不同"):
            confirm(people.lead, seen=seen)
        assert BulkExtension.objects.count() == 1

    def test_the_same_form_twice_is_one_decision(self, people, assignment):
        token = uuid.uuid4()
        assert decide(people.lead, token=token) == decide(people.lead, token=token, seen="of before")
        assert Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED).count() == 3

    def test_nothing_to_move_and_no_reason(self, people):
        with pytest.raises(ValidationError, match="没有可以延期的"):
            decide(people.lead)
        AssignmentFactory(institution=people.institution)
        with pytest.raises(ValidationError, match="请填写延期理由"):
            decide(people.lead, reason=" ")
        assert not BulkExtension.objects.exists()

    def test_the_database_keeps_it_as_it_was(self, people, assignment):
        extension = decide(people.lead)
        own = BulkExtension.objects.filter(pk=extension.pk)
        now = timezone.now()
        for rows, change in (
            (own, {"reason": "x"}),
            (own, {"extended_at": now}),
            (own, {"state": B.QUEUED}),
            (own, {"state": B.UNDONE, "undone_at": now}),
            (own, {"refusal": ExtensionRefusal.ERROR}),
            (extension.extended.all(), {"new_deadline": date(2099, 1, 1)}),
            (extension.extended.all(), {"new_deadline": date(2099, 1, 1), "undone_at": now}),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.all()._raw_delete("default")
        take_back(extension, people.lead)
        for rows, change in (
            (own, {"state": B.EXTENDED}),
            (own, {"error": "x"}),
            (extension.extended.all(), {"undone_at": None}),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)

    def test_statements_do_not_grow_with_the_rows(self, people, assignment):
        take_back(decide(people.lead), people.lead)
        counts = []
        for more in (0, 4):
            for _ in range(more):
                AssignmentFactory()
                AssignmentFactory(institution=people.institution)
            with CaptureQueriesContext(connection) as queries:
                take_back(decide(people.lead), people.lead)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTelling:
    def test_one_notice_for_an_institution(self, people):
        first = AssignmentFactory(institution=people.institution, deadline=timezone.localdate() + DAY)
        AssignmentFactory(institution=people.institution)
        single = AssignmentFactory()
        alone = member(single.institution, Role.CIO)
        extension = decide(people.lead, reason="系统升级推迟")
        notices = Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED)
        assert {notice.recipient for notice in notices} == {people.liaison, people.contributor, people.cio, alone}
        assert Delivery.objects.filter(notice__in=notices).count() == 4
        of_two = notices.get(recipient=people.cio)
        assert (of_two.path, of_two.data["count"], of_two.data["number"]) == ("/tasks/", 2, first.task.number)
        assert "等 2 件" in of_two.subject and "系统升级推迟" in of_two.body and people.authority.name in of_two.body
        of_one = notices.get(recipient=alone)
        assert of_one.path == single.get_absolute_url()
        day = timezone.localdate() + 60 * DAY
        assert f"延至{day.year}年{day.month}月{day.day}日" in of_one.body
        with translation.override("en"):
            assert people.authority.name_en in of_one.body or people.authority.name in of_one.body
        take_back(extension, people.lead)
        undone = Notice.objects.get(kind=NoticeKind.EXTENSION_UNDONE, recipient=alone)
        assert f"由{day.year}年{day.month}月{day.day}日恢复为" in undone.body and "暂定" in undone.body

    def test_whose_deadline_did_not_go_back_is_not_told(self, people):
        kept, other = AssignmentFactory(institution=people.institution), AssignmentFactory()
        told = member(other.institution, Role.CIO)
        extension = decide(people.lead)
        exempt(assignment=Assignment.objects.get(pk=kept.pk), reason="x", by=people.supervisor)
        take_back(extension, people.lead)
        assert {n.recipient for n in Notice.objects.filter(kind=NoticeKind.EXTENSION_UNDONE)} == {told}


class TestUndoing:
    def test_everything_as_it_was(self, people):
        rows = [AssignmentFactory(institution=people.institution, deadline_is_official=n == 1) for n in range(2)]
        before = list(Assignment.objects.values_list("pk", "deadline", "deadline_is_official"))
        undone = take_back(decide(people.lead), people.lead)
        assert list(Assignment.objects.values_list("pk", "deadline", "deadline_is_official")) == before
        assert (undone.put_back, undone.kept, undone.undone_by) == (len(rows), 0, people.lead)
        assert AuditEvent.objects.get(action="bulkextension.undo").data["kept"] == 0
        with pytest.raises(WrongState, match="已撤销"):
            take_back(undone, people.lead)

    def test_what_has_gone_on_since_stays(self, people):
        rows = {
            name: AssignmentFactory(institution=people.institution)
            for name in ("idle", "closed", "signed", "asked", "granted", "again")
        }
        extension = decide(people.lead)
        now = {name: Assignment.objects.get(pk=row.pk) for name, row in rows.items()}
        exempt(assignment=now["closed"], reason="x", by=people.supervisor)
        Assignment.objects.filter(pk=rows["signed"].pk).update(state=S.SUBMITTED, submitted_at=timezone.now())
        for name in ("asked", "granted"):
            later = now[name].deadline + DAY
            request = file_request(
                assignment=now[name], kind=RequestKind.EXTENSION, reason="x", by=people.cio, new_deadline=later
            )
        grant_request(request=request, authority=people.authority, by=people.lead)
        decide(people.lead, choice=choice_of(people.lead, filters=ticked(rows["again"])))
        undone = take_back(extension, people.lead)
        assert (undone.put_back, undone.kept) == (1, 5)
        for name, row in rows.items():
            old = row.deadline
            row.refresh_from_db()
            assert (row.deadline == old) == (name == "idle"), name

    def test_nothing_left_to_put_back(self, people, assignment):
        extension = decide(people.lead)
        exempt(assignment=Assignment.objects.get(), reason="x", by=people.supervisor)
        with pytest.raises(WrongState, match="没有可以恢复的期限"):
            take_back(extension, people.lead)
        extension.refresh_from_db()
        assert extension.undone_at is None

    def test_not_after_a_day_and_not_by_others(self, people, assignment):
        with time_machine.travel(timezone.now() - timedelta(hours=25)):
            extension = decide(people.lead)
        with pytest.raises(WrongState, match="24 小时"):
            take_back(extension, people.lead)
        fresh = decide(people.lead)
        with pytest.raises(PermissionDenied):
            take_back(fresh, member(AuthorityFactory(), Role.LEAD_SUPERVISOR))
        assert take_back(fresh, member(people.authority, Role.LEAD_SUPERVISOR)).put_back == 1

    def test_what_left_the_scope_stays(self, people, assignment):
        extension = decide(people.lead)
        people.authority.group.institutiongroupobjectpermission_set.all().delete()
        with pytest.raises(WrongState):
            take_back(extension, people.lead)


class TestSchedule:
    def test_it_holds_against_the_plans_schedule_until_it_is_undone(self, people, assignment):
        plan, old = assignment.task.plan, assignment.deadline
        extension = decide(people.lead)
        schedules = Schedule.objects.filter(task=assignment.task)
        schedules.update(due_on=old - 3 * DAY)
        assert apply_schedule(plan=plan, by=None) == 0
        schedules.update(due_on=old + 90 * DAY)
        assert apply_schedule(plan=plan, by=None) == 1
        assert Assignment.objects.get().deadline == old + 90 * DAY
        schedules.update(due_on=old - 3 * DAY)
        apply_schedule(plan=plan, by=None)
        assert Assignment.objects.get().deadline == extension.extended.get().new_deadline
        take_back(extension, people.lead)
        apply_schedule(plan=plan, by=None)
        assert Assignment.objects.get().deadline == old - 3 * DAY
