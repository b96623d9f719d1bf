"""Documents whose validity ends: who is told when, once each, and in which words."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.notices.models import Delivery, Notice
from portal.notices.reminders.planning import plan_all, plan_reminders
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, fill_in
from tests.factories.vault import StoredFileFactory
from vault.models import StoredFile
from vault.reminders import FILES

pytestmark = pytest.mark.django_db
LAST_DAY = datetime.date(2026, 11, 25)
EXPIRED = "已过期</span>"


def on(days: int) -> dict[str, int]:
    """Run the job so many days after the last day of validity."""
    return plan_reminders(FILES, today=LAST_DAY + datetime.timedelta(days=days))


@pytest.fixture
def stored():
    return StoredFileFactory(name="等保证书.pdf", expires_on=LAST_DAY)


@pytest.fixture
def liaison(stored):
    return member(stored.institution, Role.LIAISON)


@pytest.mark.parametrize(
    ("days", "stage"),
    [(-30, "-30d"), (-8, "-30d"), (-7, "-7d"), (-2, "-7d"), (-1, "-1d"), (0, "+0d"), (6, "+0d")],
)
def test_a_stage_lasts_until_the_next_one(stored, liaison, days, stage):
    assert on(days) == {stage: 1}
    notice = liaison.notices.get()
    assert notice.key == f"expiry:{stored.pk}:2026-11-25:{stage}"
    assert notice.path == stored.get_absolute_url()
    assert notice.institution == stored.institution
    assert notice.data["days"] == -days


@pytest.mark.parametrize("days", [-31, 7, 400])
def test_neither_earlier_nor_long_after(liaison, days):
    assert on(days) == {}
    assert not AuditEvent.objects.filter(action="reminders.sent").exists()


def test_every_stage_is_told_once_in_the_course_of_time(liaison):
    told = [on(days) for days in range(-40, 40)]
    assert [stages for stages in told if stages] == [{"-30d": 1}, {"-7d": 1}, {"-1d": 1}, {"+0d": 1}]
    assert Notice.objects.count() == Delivery.objects.count() == 4


def test_missed_mornings_are_made_good(liaison):
    assert [on(days) for days in (-20, -20, -3, 2)] == [{"-30d": 1}, {}, {"-7d": 1}, {"+0d": 1}]


def test_a_new_date_is_reminded_of_anew(liaison):
    on(-7)
    StoredFile.objects.update(expires_on=LAST_DAY + datetime.timedelta(days=365))
    assert on(-7) == {}
    assert on(358) == {"-7d": 1}


def test_liaisons_and_contributors_hear_of_it_and_nobody_else(stored, liaison):
    contributor = member(stored.institution, Role.CONTRIBUTOR)
    member(stored.institution, Role.CIO)
    member(stored.institution, Role.CONTRIBUTOR, is_active=False)
    gone = member(stored.institution, Role.CONTRIBUTOR)
    actions.remove_member(membership=membership_of(gone), by=liaison)
    member(InstitutionFactory(), Role.LIAISON)
    member(AuthorityFactory(), Role.SUPERVISOR)
    assert on(0) == {"+0d": 2}
    assert {notice.recipient for notice in Notice.objects.all()} == {liaison, contributor}


def test_only_files_that_the_institution_has(stored, liaison):
    facts = {"institution": stored.institution, "expires_on": LAST_DAY}
    StoredFileFactory(state="refused", finding="damaged", path="", content=b"1", **facts)
    deleted = {"deleted_at": timezone.now(), "deleted_by": liaison, "deleted_reason": "期满"}
    StoredFileFactory(state="deleted", path="", content=b"2", **deleted, **facts)
    waiting = StoredFileFactory(state="received", content=b"3", **facts)
    assert on(0) == {"+0d": 2}
    assert {notice.path for notice in Notice.objects.all()} == {stored.get_absolute_url(), waiting.get_absolute_url()}


def test_a_closed_institution_hears_nothing(stored, liaison):
    stored.institution.is_active = False
    stored.institution.save()
    assert on(0) == {}


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    def files(count):
        for _ in range(count):
            member(StoredFileFactory(expires_on=LAST_DAY).institution, Role.LIAISON)

    on(0)
    files(1)
    with django_assert_num_queries(11) as first:
        on(0)
    files(3)
    with django_assert_num_queries(len(first)):
        assert on(0) == {"+0d": 3}
    assert AuditEvent.objects.filter(action="reminders.sent").count() == 2


@pytest.mark.parametrize(
    ("days", "subject", "words"),
    [
        (-7, "证明材料还有 7 天过有效期：“等保证书.pdf”", "有效期至2026年11月25日。"),
        (0, "证明材料有效期今日届满：“等保证书.pdf”", "有效期至2026年11月25日。"),
        (3, "证明材料已过有效期：“等保证书.pdf”", "现已过期"),
    ],
)
def test_what_the_notice_says(stored, liaison, days, subject, words):
    on(days)
    notice = liaison.notices.get()
    with translation.override("zh-hans"):
        assert notice.subject == subject
        assert words in notice.body
        assert stored.institution.name in notice.body


def test_the_inbox_leads_to_the_file(client, stored, liaison):
    on(0)
    client.force_login(liaison)
    assert "等保证书.pdf" in client.get(reverse("notices:inbox")).content.decode()
    response = client.post(reverse("notices:open", args=[liaison.notices.get().pk]))
    assert response.url == stored.get_absolute_url()


def test_the_job_does_it_for_today():
    stored = StoredFileFactory(expires_on=timezone.localdate())
    liaison = member(stored.institution, Role.LIAISON)
    plan_all(today=timezone.localdate())
    plan_all(today=timezone.localdate())
    assert liaison.notices.count() == 1


@pytest.fixture
def expired_work():
    """Ready to hand in, with one file that is valid no longer."""
    assignment = AssignmentFactory(task=RequirementFactory().task, state="in_progress")
    fill_in(assignment)
    StoredFile.objects.update(expires_on=timezone.localdate() - datetime.timedelta(days=1))
    return assignment


def test_the_task_and_its_hand_in_mark_what_has_expired(client, expired_work):
    client.force_login(member(expired_work.institution, Role.CONTRIBUTOR))
    pages = [expired_work.get_absolute_url(), reverse("tasks:hand_in", args=[expired_work.pk])]
    for page in pages:
        assert EXPIRED in client.get(page).content.decode()
    assert "1 个文件已过有效期" in client.get(pages[1]).content.decode()
    client.post(pages[1])
    expired_work.refresh_from_db()
    assert expired_work.state == "awaiting_signature"


def test_valid_files_are_not_warned_of(client, expired_work):
    StoredFile.objects.update(expires_on=timezone.localdate())
    client.force_login(member(expired_work.institution, Role.CONTRIBUTOR))
    for page in (expired_work.get_absolute_url(), reverse("tasks:hand_in", args=[expired_work.pk])):
        content = client.get(page).content.decode()
        assert EXPIRED not in content
        assert "已过有效期" not in content


def test_the_self_assessment_offers_checked_files_and_marks_what_has_expired(client, expired_work):
    requirement = expired_work.task.requirements.get()
    waiting = StoredFileFactory(institution=expired_work.institution, state="received", content=b"w", name="等.txt")
    EvidenceFactory(assignment=expired_work, requirement=requirement, stored=waiting, original_name="等.txt")
    row = SelfAssessmentFactory(cycle=CycleFactory(plan=expired_work.task.plan), institution=expired_work.institution)
    client.force_login(member(expired_work.institution, Role.CONTRIBUTOR))
    content = client.get(reverse("assessments:task", args=[row.pk, expired_work.task.number])).content.decode()
    assert expired_work.evidence.exclude(stored=waiting).get().original_name in content
    assert "等.txt" not in content
    assert EXPIRED in content
