"""The calendar as calendar programs read it, and who may still read it."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import ics
import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from assessments.actions import reschedule_rectification
from portal.accounts.actions import add_member, create_calendar_feed, remove_member, revoke_calendar_feed
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import CalendarFeed, Institution, Membership, User
from portal.audit.models import AuditEvent
from reports.calendar.throttling import FeedThrottle
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.assessments import AnswerFactory
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory, last_step
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 27)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime.datetime(2026, 11, 27, 10, tzinfo=datetime.UTC), tick=False) as traveller:
        yield traveller


def link_of(user) -> str:
    _feed, token = create_calendar_feed(membership=membership_of(user), by=user)
    return reverse("calendar:feed", args=[token])


def read(client, link) -> dict[str, ics.Event]:
    """The events by what comes before the @ in their UID."""
    response = client.get(link)
    assert response.status_code == 200
    calendar = ics.Calendar(response.content.decode())
    return {event.uid.partition("@")[0]: event for event in calendar.events}


@pytest.fixture
def cio():
    return member(InstitutionFactory(), Role.CIO)


@pytest.fixture
def assignment(cio):
    return AssignmentFactory(institution=membership_of(cio).institution, deadline=TODAY)


# --- What it holds ----------------------------------------------------------------------------------------


def test_an_assignment_is_an_all_day_event(client, cio, assignment):
    (event,) = read(client, link_of(cio)).values()
    assert event.all_day
    assert event.begin.date() == TODAY
    assert event.name == f"任务期限：{assignment.task.number} {assignment.task.title}（暂定）"
    assert event.url == f"http://127.0.0.1:8000{assignment.get_absolute_url()}"
    assert event.status == "TENTATIVE"
    assert event.categories == {"任务期限", "未开始"}
    assert event.transparent


def test_the_lines_of_the_calendar_itself(client, cio, assignment):
    text = client.get(link_of(cio)).content.decode()
    lines = text.split("\r\n")
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H" in lines
    assert f"X-WR-CALNAME:期限日历（{membership_of(cio).institution.name}）" in text.replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20261127" in lines
    assert "DTEND;VALUE=DATE:20261128" in lines
    assert [line for line in lines if line.startswith("DTSTAMP")] == ["DTSTAMP:20261127T100000Z"]
    assert [line for line in lines if line.startswith("LAST-MODIFIED")] == ["LAST-MODIFIED:20261127T100000Z"]


def test_long_chinese_titles_are_folded_between_characters(client, cio):
    title = "健全网络与信息安全应急处置，" * 14
    task = TaskFactory(title=title)
    AssignmentFactory(institution=membership_of(cio).institution, deadline=TODAY, task=task)
    link = link_of(cio)
    lines = client.get(link).content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()
    (event,) = read(client, link).values()
    assert title in event.name


def test_what_is_special_in_the_format_stays_text(client, cio):
    title = "a,b;c\\d\nEND:VEVENT"
    RectificationFactory(institution=membership_of(cio).institution, deadline=TODAY, title=title)
    (event,) = read(client, link_of(cio)).values()
    assert event.name == f"整改期限：{title}"


def test_it_speaks_the_persons_language(client, cio, assignment):
    User.objects.filter(pk=cio.pk).update(language="en")
    client.cookies["django_language"] = "zh-hans"
    (event,) = read(client, link_of(cio)).values()
    assert assignment.task.title_en in event.name


def test_a_matter_over_is_confirmed_and_one_that_does_not_apply_is_cancelled(client, cio):
    institution = membership_of(cio).institution
    done = AssignmentFactory(institution=institution, deadline=TODAY, state=S.ACCEPTED, deadline_is_official=True)
    exempt = AssignmentFactory(institution=institution, deadline=TODAY, state=S.NOT_APPLICABLE)
    events = read(client, link_of(cio))
    membership = membership_of(cio).pk
    assert events[f"assignment-{done.pk}.{membership}"].status == "CONFIRMED"
    assert events[f"assignment-{exempt.pk}.{membership}"].status == "CANCELLED"


def test_from_60_days_back_to_400_ahead(client, cio):
    institution = membership_of(cio).institution
    for days in (-61, -60, 400, 401):
        AssignmentFactory(institution=institution, deadline=TODAY + days * DAY)
    begins = sorted(event.begin.date() for event in read(client, link_of(cio)).values())
    assert begins == [TODAY - 60 * DAY, TODAY + 400 * DAY]


def test_a_moved_deadline_moves_the_event_and_keeps_its_uid(client, clock, cio, assignment):
    """A change that leaves no time is told with the next morning's."""
    link = link_of(cio)
    ((uid, before),) = read(client, link).items()
    Assignment.objects.update(deadline=TODAY + 9 * DAY)
    clock.move_to(datetime.datetime(2026, 11, 28, 1, tzinfo=datetime.UTC))
    ((same_uid, after),) = read(client, link).items()
    assert same_uid == uid
    assert after.begin.date() == TODAY + 9 * DAY
    assert after.last_modified > before.last_modified


def test_what_changed_today_says_so_at_once(client, clock, cio):
    row = RectificationFactory(institution=membership_of(cio).institution, deadline=TODAY)
    link = link_of(cio)
    ((uid, before),) = read(client, link).items()
    clock.move_to(datetime.datetime(2026, 11, 27, 11, tzinfo=datetime.UTC))
    reschedule_rectification(
        rectification=row,
        text="另行安排。",
        deadline=TODAY + DAY,
        seen=last_step(row),
        by=member(row.authority, Role.SUPERVISOR),
    )
    ((same_uid, after),) = read(client, link).items()
    assert same_uid == uid
    assert after.begin.date() == TODAY + DAY
    assert after.last_modified > before.last_modified


def test_the_29th_of_february(client, clock, cio):
    leap = datetime.date(2028, 2, 29)
    AssignmentFactory(institution=membership_of(cio).institution, deadline=leap)
    clock.move_to(datetime.datetime(2028, 2, 29, 1, tzinfo=datetime.UTC))
    link = link_of(cio)
    (event,) = read(client, link).values()
    assert event.begin.date() == leap
    assert b"DTEND;VALUE=DATE:20280301" in client.get(link).content


def test_a_supervisors_feed_holds_groups_and_no_institution(client):
    task = TaskFactory()
    institutions = InstitutionFactory.create_batch(3)
    for institution, state in zip(institutions, (S.ACCEPTED, S.NOT_STARTED, S.NOT_STARTED), strict=True):
        AssignmentFactory(task=task, institution=institution, deadline=TODAY - DAY, state=state)
    RectificationFactory(institution=institutions[0], deadline=TODAY, title="仅机构与监管单位可见")
    AssignmentFactory(institution=InstitutionFactory(kind=InstitutionKind.FUND), deadline=TODAY)
    supervisor = member(AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), Role.OBSERVER)
    link = link_of(supervisor)
    events = sorted(read(client, link).values())
    assert [(event.begin.date(), event.name) for event in events] == [
        (TODAY - DAY, f"任务期限：{task.number} {task.title}（暂定）（机构 3，未完成 2，逾期 2）"),
        (TODAY, "整改期限：1 项（机构 1，未完成 1，逾期 0）"),
    ]
    text = client.get(link).content.decode()
    assert not [institution for institution in institutions if institution.name in text]


def test_it_holds_titles_and_nothing_that_was_written(client, cio):
    row = AnswerFactory(
        self_assessment__institution=membership_of(cio).institution,
        self_assessment__state="submitted",
        requirement=RequirementFactory(text="要求的文字"),
        measure="措施的内容",
        justification="说明的内容",
        measure_owner="某责任人",
        measure_due_on=TODAY,
    )
    text = client.get(link_of(cio)).content.decode().replace("\r\n ", "")
    assert row.requirement.text in text
    for written in (row.measure, row.justification, row.measure_owner):
        assert written not in text


# --- Polling ----------------------------------------------------------------------------------------------


def test_programs_that_ask_again_get_304_until_something_changes(client, clock, cio, assignment):
    link = link_of(cio)
    first = client.get(link)
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert "private" in first["Cache-Control"]
    clock.move_to(datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC))
    again = client.get(link, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Assignment.objects.update(deadline=TODAY + DAY)
    assert client.get(link, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_nothing_is_read_in_the_name_of_a_session(client, cio, assignment):
    """A feed is its owner's, whoever else is signed in with the program that asks."""
    link = link_of(cio)
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert len(read(client, link)) == 1


def test_too_many_requests_have_to_wait(client, cio):
    link = link_of(cio)
    allowed = FeedThrottle().num_requests
    assert {client.get(link).status_code for _ in range(allowed)} == {200}
    refused = client.get(link)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert client.get(link_of(member(InstitutionFactory(), Role.CIO))).status_code == 200


# --- Who may read it --------------------------------------------------------------------------------------


def test_unknown_links_lead_nowhere(client):
    assert client.get(reverse("calendar:feed", args=["x" * 43])).status_code == 404
    assert client.get(reverse("calendar:feed", args=["\x00"])).status_code == 404


def test_a_revoked_link_leads_nowhere(client, cio):
    link = link_of(cio)
    revoke_calendar_feed(feed=CalendarFeed.objects.get(), by=cio)
    assert client.get(link).status_code == 404


def test_creating_anew_revokes_the_former(client, cio):
    former, present = link_of(cio), link_of(cio)
    assert client.get(former).status_code == 404
    assert client.get(present).status_code == 200
    assert CalendarFeed.objects.unrevoked().count() == 1


def test_who_left_or_was_closed_out_reads_no_more(client, cio):
    link = link_of(cio)
    User.objects.filter(pk=cio.pk).update(is_active=False)
    assert client.get(link).status_code == 404
    User.objects.filter(pk=cio.pk).update(is_active=True)
    assert client.get(link).status_code == 200
    membership = membership_of(cio)
    remove_member(membership=membership, by=member(membership.institution, Role.LIAISON))
    assert client.get(link).status_code == 404


def test_the_feed_of_an_ended_membership_shows_nothing_of_another(client, cio, assignment):
    """Who is still in another body does not read that one's calendar by the old link."""
    link = link_of(cio)
    left = membership_of(cio)
    add_member(user=cio, body=InstitutionFactory(), role=Role.CIO, by=None)
    remove_member(membership=left, by=member(left.institution, Role.LIAISON))
    assert client.get(link).status_code == 404


def test_a_closed_institution_has_no_feed(client, cio, assignment):
    link = link_of(cio)
    Institution.objects.update(is_active=False)
    assert client.get(link).status_code == 404


def test_a_feed_reads_the_membership_for_which_it_was_made(client, cio, assignment):
    link = link_of(cio)
    other = InstitutionFactory()
    add_member(user=cio, body=other, role=Role.CIO, by=None)
    AssignmentFactory(institution=other, deadline=TODAY)
    assert list(read(client, link)) == [f"assignment-{assignment.pk}.{CalendarFeed.objects.get().membership_id}"]


# --- Making and revoking ----------------------------------------------------------------------------------


def test_only_ones_own_membership_gets_a_feed_and_only_ones_own_feed_is_revoked(cio):
    with pytest.raises(PermissionDenied):
        create_calendar_feed(membership=membership_of(cio), by=UserFactory())
    feed, _token = create_calendar_feed(membership=membership_of(cio), by=cio)
    with pytest.raises(PermissionDenied):
        revoke_calendar_feed(feed=feed, by=UserFactory())
    Membership.objects.update(is_active=False)
    with pytest.raises(PermissionDenied):
        create_calendar_feed(membership=membership_of(cio), by=cio)


def test_the_token_is_kept_nowhere_and_each_step_leaves_a_trace(cio):
    feed, token = create_calendar_feed(membership=membership_of(cio), by=cio)
    create_calendar_feed(membership=membership_of(cio), by=cio)
    feed.refresh_from_db()
    revoke_calendar_feed(feed=feed, by=cio)
    assert token not in str(CalendarFeed.objects.values())
    events = AuditEvent.objects.filter(actor=cio, action__startswith="calendar_feed").order_by("pk")
    assert [event.action.partition(".")[2] for event in events] == ["created", "revoked", "created"]
    assert token not in str([event.data for event in events])
    assert {event.institution_id for event in events} == {membership_of(cio).institution_id}


def test_the_page_shows_the_link_once(client, cio):
    client.force_login(cio)
    assert "生成订阅链接" in client.get(reverse("calendar:month")).content.decode()
    made = client.post(reverse("calendar:create_feed"))
    link = made.context["link"]
    assert link in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    assert client.get(link).status_code == 200
    later = client.get(reverse("calendar:month")).content.decode()
    assert "2026-11-27 18:00" in later
    assert "calendar/feed/" + link.rpartition("/")[2] not in later
    assert client.post(reverse("calendar:revoke_feed")).status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(reverse("calendar:revoke_feed")).status_code == 404


@pytest.mark.parametrize("name", ["create_feed", "revoke_feed"])
def test_reading_makes_and_revokes_nothing(client, cio, name):
    client.force_login(cio)
    assert client.get(reverse(f"calendar:{name}")).status_code == 405
    assert not CalendarFeed.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_leave_one_link():
    user = member(InstitutionFactory(), Role.CIO)
    membership = membership_of(user)
    barrier = Barrier(4)

    def click(_number: int) -> None:
        barrier.wait()
        try:
            create_calendar_feed(membership=membership, by=user)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, range(4)))
    assert CalendarFeed.objects.count() == 4
    assert CalendarFeed.objects.unrevoked().count() == 1
