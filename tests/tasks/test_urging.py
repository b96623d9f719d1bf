"""催办: whom it goes to, what they get, once, and nobody else."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.actions import add_member
from portal.accounts.enums import INSTITUTION_ROLES, InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.jobs import deliver_notices
from portal.notices.models import Delivery, Notice, Route
from tasks.enums import AssignmentState
from tasks.models import UrgedInstitution, Urging
from tasks.urging import Selection, preview, send_urging, summary_of
from tasks.urging_reach import Reach, of_institutions, of_messages
from tasks.urging_texts import Template, check_placeholders, filled, message_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory
from tests.notices.conftest import sink, smtp_settings  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
S = AssignmentState
DAY = timedelta(days=1)
USUAL = [Role.LIAISON, Role.CONTRIBUTOR]


def everything(user, *, is_about_tasks=True, narrow=lambda rows: rows):
    return Selection(user, membership_of(user), narrow, {"overdue": ["1"]}, is_about_tasks)


def send(user, *, selection=None, roles=USUAL, subject="请尽快报送", text="{机构}：请办理。", token=None):
    return send_urging(
        selection=selection or everything(user),
        roles=roles,
        subject=subject,
        text=text,
        token=token or uuid.uuid4(),
        by=user,
    )


class TestWhom:
    @pytest.mark.parametrize(
        ("state", "is_urged"),
        [
            (S.NOT_STARTED, True),
            (S.IN_PROGRESS, True),
            (S.RETURNED, True),
            (S.AWAITING_SIGNATURE, True),
            (S.SUBMITTED, False),
            (S.ACCEPTED, False),
            (S.NOT_APPLICABLE, False),
        ],
    )
    def test_what_is_the_institutions_to_act_on(self, people, state, is_urged):
        AssignmentFactory(institution=people.institution, state=state)
        summary = summary_of(everything(people.supervisor), USUAL)
        assert (summary.assignments, summary.skipped) == ((1, 0) if is_urged else (0, 1))
        assert summary.institutions == int(is_urged)

    def test_figures_by_role_and_who_cannot_be_told(self, people):
        AssignmentFactory(institution=people.institution)
        AssignmentFactory(institution=people.institution)
        empty = AssignmentFactory().institution
        only_cio = AssignmentFactory().institution
        member(only_cio, Role.CIO)
        gone = member(empty, Role.LIAISON)
        gone.memberships.update(is_active=False)
        closed = member(empty, Role.CONTRIBUTOR)
        closed.is_active = False
        closed.save()
        summary = summary_of(everything(people.supervisor), USUAL)
        assert (summary.institutions, summary.assignments) == (3, 4)
        assert summary.people == {Role.LIAISON: 1, Role.CONTRIBUTOR: 1, Role.CIO: 2}
        assert summary.told == 2
        assert set(summary.unreached) == {empty, only_cio}
        assert set(summary_of(everything(people.supervisor), INSTITUTION_ROLES).unreached) == {empty}

    def test_nobody_urges_their_own_institution(self, people):
        own, other = (AssignmentFactory().institution for _ in range(2))
        add_member(user=people.supervisor, body=own, role=Role.CONTRIBUTOR, by=None)
        member(other, Role.LIAISON)
        acting = people.supervisor.memberships.get(authority=people.authority)
        for is_about_tasks in (True, False):
            selection = Selection(people.supervisor, acting, lambda rows: rows, {}, is_about_tasks)
            assert own not in selection.institutions
            assert other in selection.institutions

    def test_the_scope_of_the_body_acted_for(self, people):
        """A supervisor here who observes there urges there nobody."""
        futures = AssignmentFactory(institution=InstitutionFactory(kind=InstitutionKind.FUTURES)).institution
        narrow = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
        AssignmentFactory(institution=people.institution)
        user = member(narrow, Role.SUPERVISOR)
        add_member(user=user, body=AuthorityFactory(), role=Role.OBSERVER, by=None)
        for membership in user.memberships.all():
            chosen = set(Selection(user, membership, lambda rows: rows).institutions)
            assert futures not in chosen
            assert chosen == ({people.institution} if membership.role == Role.SUPERVISOR else set())

    def test_institutions_that_were_urged_lately(self, people):
        AssignmentFactory(institution=people.institution)
        send(people.supervisor)
        (recent,) = summary_of(everything(people.lead), USUAL).recent
        assert (recent["by"], recent["authority"], recent["number"]) == (
            people.supervisor.name,
            people.authority.name,
            1,
        )

    def test_what_is_four_days_old_is_no_warning(self, people):
        AssignmentFactory(institution=people.institution)
        old = timezone.now() - 4 * DAY
        Urging.objects.create(
            authority=people.authority, by=people.lead, subject="x", text="x", roles=[], assignments=1,
            institutions=1, people=1, created_at=old,
        ).urged.create(institution=people.institution, people=1)  # fmt: skip
        assert summary_of(everything(people.supervisor), USUAL).recent == []


class TestSending:
    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
    def test_who_may(self, people, role):
        AssignmentFactory(institution=people.institution)
        user = member(people.authority, role)
        if role == Role.OBSERVER:
            with pytest.raises(PermissionDenied):
                send(user)
            assert not Urging.objects.exists()
        else:
            assert send(user).people == 2

    def test_nobody_sends_in_anothers_membership(self, people):
        AssignmentFactory(institution=people.institution)
        selection = Selection(people.observer, membership_of(people.lead), lambda rows: rows)
        with pytest.raises(PermissionDenied):
            send(people.observer, selection=selection)
        with pytest.raises(PermissionDenied):
            send(people.observer, selection=everything(people.lead))

    def test_one_notice_for_each_person_and_institution(self, people):
        today = timezone.localdate()
        late = AssignmentFactory(institution=people.institution, deadline=today - 5 * DAY, deadline_is_official=True)
        later = AssignmentFactory(institution=people.institution, deadline=today + 9 * DAY)
        urging = send(people.supervisor, text="{机构}：{任务}共 {项数} 项，期限{期限}，剩{剩余天数}，逾{逾期天数}。")
        notices = Notice.objects.filter(kind=NoticeKind.URGED)
        assert {notice.recipient for notice in notices} == {people.liaison, people.contributor}
        notice = notices.first()
        assert notice.institution == people.institution
        assert notice.path == "/tasks/"
        day = f"{late.deadline.year}年{late.deadline.month}月{late.deadline.day}日"
        words = f"{people.institution.name}：任务{late.task.number}“{late.task.title}”共 2 项，期限{day}，剩0，逾5。"
        assert notice.data["text"] == words
        assert notice.subject == f"{people.authority.name}催办：“请尽快报送”"
        assert words in notice.body and people.institution.name in notice.body and "等 2 件" in notice.body
        (row,) = urging.urged.all()
        assert (row.assignments, row.people, row.text) == ([late.pk, later.pk], 2, words)
        assert (urging.institutions, urging.assignments, urging.people) == (1, 2, 2)
        assert urging.filters == {"overdue": ["1"]}
        assert Delivery.objects.filter(state=DeliveryState.PENDING).count() == 2

    def test_one_task_leads_to_it_and_none_to_the_inbox(self, people):
        assignment = AssignmentFactory(institution=people.institution)
        send(people.supervisor)
        assert Notice.objects.first().path == assignment.get_absolute_url()
        send(people.supervisor, selection=everything(people.supervisor, is_about_tasks=False))
        notice = Notice.objects.first()
        assert notice.path == "" and notice.data["title"] == "请尽快报送"
        assert (
            notice.body == f"{people.authority.name}致{people.institution.name}：\n{people.institution.name}：请办理。"
        )

    def test_it_waits_for_no_digest_and_passes_every_route(self, people):
        AssignmentFactory(institution=people.institution)
        Route.objects.create(user=people.liaison, channel="email", pace="weekly", statutory_only=True)
        send(people.supervisor)
        assert Delivery.objects.due().filter(notice__recipient=people.liaison).count() == 1

    def test_the_roles_that_were_chosen(self, people):
        AssignmentFactory(institution=people.institution)
        send(people.supervisor, roles=[Role.CIO])
        assert {notice.recipient for notice in Notice.objects.all()} == {people.cio}

    def test_an_institution_without_people_is_in_the_record(self, people):
        AssignmentFactory(institution=people.institution)
        silent = AssignmentFactory().institution
        urging = send(people.supervisor)
        assert urging.institutions == 2
        assert urging.urged.get(institution=silent).people == 0

    def test_when_nobody_can_be_told_nothing_is_written(self, people):
        AssignmentFactory()
        with pytest.raises(ValidationError, match="没有可以告知的人员"):
            send(people.supervisor)
        assert not Urging.objects.exists() and not AuditEvent.objects.filter(action="urging.sent").exists()

    def test_the_same_form_twice_is_one_message(self, people):
        AssignmentFactory(institution=people.institution)
        token = uuid.uuid4()
        assert send(people.supervisor, token=token) == send(people.supervisor, token=token)
        assert Notice.objects.filter(kind=NoticeKind.URGED).count() == 2

    def test_one_event_in_the_common_ledger(self, people):
        AssignmentFactory(institution=people.institution)
        urging = send(people.supervisor)
        event = AuditEvent.objects.get(action="urging.sent")
        assert (event.institution, event.actor, event.target_id) == (None, people.supervisor, str(urging.pk))
        assert event.data["people"] == 2

    def test_what_was_sent_never_changes(self, people):
        AssignmentFactory(institution=people.institution)
        send(people.supervisor)
        for rows, change in ((Urging.objects.all(), {"text": "x"}), (UrgedInstitution.objects.all(), {"people": 9})):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.all()._raw_delete("default")

    def test_statements_do_not_grow_with_the_institutions(self, people):
        AssignmentFactory(institution=people.institution)
        send(people.supervisor)
        counts = []
        for more in (0, 4):
            for _ in range(more):
                member(AssignmentFactory().institution, Role.LIAISON)
            with CaptureQueriesContext(connection) as queries:
                send(people.supervisor)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_the_preview_is_what_arrives(self, people, sink):  # noqa: F811
        AssignmentFactory(institution=people.institution)
        text = "{机构}：\n<b>{任务}</b> & 期限{期限}"
        shown = preview(
            selection=everything(people.supervisor),
            institution=people.institution,
            roles=USUAL,
            subject="请报送{任务}",
            text=text,
        )
        send(people.supervisor, subject="请报送{任务}", text=text)
        arrived = Notice.objects.get(recipient=shown.recipient)
        assert (shown.subject, shown.body, shown.path) == (arrived.subject, arrived.body, arrived.path)
        deliver_notices()
        mail = next(m for m in sink.received if m["To"] == shown.recipient.email)
        assert mail["Subject"].strip() == shown.subject
        plain = mail.get_body(("plain",)).get_content()
        assert all(line in plain for line in shown.body.split("\n"))


class TestReach:
    def test_told_sent_read_failed(self, people):
        AssignmentFactory(institution=people.institution)
        other = AssignmentFactory().institution
        third = member(other, Role.LIAISON)
        urging = send(people.supervisor)
        send(people.supervisor)
        of = {n.recipient: n for n in Notice.objects.filter(key__startswith=f"urging:{urging.pk}:")}
        Notice.objects.filter(pk=of[people.liaison].pk).update(read_at=timezone.now())
        Delivery.objects.filter(notice=of[people.contributor]).update(state="sent", sent_at=timezone.now())
        Delivery.objects.filter(notice=of[third]).update(state="parked")
        assert of_messages([urging])[urging.pk] == Reach(told=3, sent=1, read=1, failed=1)
        rows = list(urging.urged.all())
        reach = {row.institution: of_institutions(rows)[row.pk] for row in rows}
        assert reach[people.institution] == Reach(told=2, sent=1, read=1, failed=0)
        assert reach[other] == Reach(told=1, failed=1)

    def test_an_id_that_begins_with_another(self, people):
        AssignmentFactory(institution=people.institution)
        urging = send(people.supervisor)
        Notice.objects.create(recipient=people.cio, kind=NoticeKind.URGED, key=f"urging:{urging.pk}0:1")
        assert of_messages([urging])[urging.pk].told == 2


# --- Words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", Template)
@pytest.mark.parametrize("with_tasks", [True, False])
def test_every_template_uses_known_placeholders(template, with_tasks):
    if with_tasks or template in (Template.GENERAL, Template.CUSTOM):
        message = message_of(template)
        check_placeholders(message.subject + message.text, with_tasks=with_tasks)


@pytest.mark.parametrize("text", ["{单位}", "{机构}{x}", "{}", "{ 人 }"])
def test_an_unknown_placeholder_is_named(text):
    with pytest.raises(ValidationError, match="不能使用占位符"):
        check_placeholders(text, with_tasks=True)


def test_without_a_task_there_is_nothing_to_fill_in():
    with pytest.raises(ValidationError, match="期限"):
        check_placeholders("{机构}：{期限}", with_tasks=False)
    check_placeholders("{institution}", with_tasks=False)


@given(st.lists(st.sampled_from([*"{}机 任a%\\1", "{机构}", "{ institution }", "{任务}"]), max_size=12))
def test_what_is_no_placeholder_is_written_as_it_stands(parts):
    text = "".join(parts)
    expected = text.replace("{机构}", "甲").replace("{ institution }", "甲")
    assert filled(text, institution="甲", matter=None) == expected


def test_a_task_is_named_in_the_senders_language(people):
    task = TaskFactory(title="备份", title_en="Backups")
    AssignmentFactory(task=task, institution=people.institution)
    with translation.override("en"):
        send(people.supervisor, text="{institution}: {task}, {count}")
    assert Notice.objects.first().data["text"].startswith(people.institution.name_en + ": ")
    assert "Backups" in Notice.objects.first().data["text"]
