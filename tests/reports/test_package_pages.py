"""Asking for a package: who may, for what, and whose it is then."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from reports import making
from reports.enums import ReportKind, ReportState, ReportStep
from reports.models import Report
from reports.removal import remove_old_packages
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory, fill_in

pytestmark = pytest.mark.django_db
PACKAGE = reverse("reports:package")
ROLES = [Role.LIAISON, Role.CONTRIBUTOR, Role.CIO, Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER]
MAY = {Role.CIO, Role.SUPERVISOR, Role.LEAD_SUPERVISOR}
INSIDE = {Role.LIAISON, Role.CONTRIBUTOR, Role.CIO}


@pytest.fixture
def signed():
    """A submission, signed."""
    requirement = RequirementFactory()
    assignment = AssignmentFactory(task=requirement.task, state="submitted")
    return SubmissionFactory(assignment=fill_in(assignment))


@pytest.fixture
def authority():
    return AuthorityFactory()


def person(role, signed, authority):
    return member(signed.institution if role in INSIDE else authority, role)


def task_url(signed) -> str:
    return reverse("reports:task_package", args=[signed.assignment_id])


@pytest.mark.parametrize("role", ROLES)
def test_who_asks_for_one_task(client, signed, authority, role):
    client.force_login(person(role, signed, authority))
    task_page = client.get(signed.assignment.get_absolute_url()).content.decode()
    assert (task_url(signed) in task_page) == (role in MAY)
    assert client.get(task_url(signed)).status_code == (200 if role in MAY else 403)
    response = client.post(task_url(signed), {"language": "en"})
    if role not in MAY:
        assert response.status_code == 403
        assert not Report.objects.exists()
        return
    report = Report.objects.get()
    assert response["Location"] == report.get_absolute_url()
    assert (report.kind, report.language) == (ReportKind.EVIDENCE_PACKAGE, "en")
    assert (report.institution, report.assignment) == (signed.institution, signed.assignment)
    assert report.authority == (None if role in INSIDE else authority)
    client.post(task_url(signed), {"language": "en"})
    assert Report.objects.count() == 1


@pytest.mark.parametrize("role", ROLES)
def test_who_asks_for_an_institution(client, signed, authority, role):
    client.force_login(person(role, signed, authority))
    wanted = {"plan": signed.assignment.task.plan.slug, "language": "zh-hans", "institution": signed.institution.pk}
    assert (f'href="{PACKAGE}"' in client.get(reverse("reports:list")).content.decode()) == (role in MAY)
    assert client.get(PACKAGE).status_code == (200 if role in MAY else 403)
    response = client.post(PACKAGE, wanted)
    if role not in MAY:
        assert response.status_code == 403
        return
    report = Report.objects.get()
    assert response["Location"] == report.get_absolute_url()
    assert (report.institution, report.assignment, report.plan) == (
        signed.institution,
        None,
        signed.assignment.task.plan,
    )


def test_the_institutions_page_leads_there(client, signed, authority):
    page = reverse("profile:institution", args=[signed.institution.pk])
    link = f"{PACKAGE}?institution={signed.institution.pk}"
    client.force_login(member(authority, Role.SUPERVISOR))
    assert link in client.get(page).content.decode()
    assert signed.institution.name in client.get(link).content.decode()
    client.force_login(member(authority, Role.OBSERVER))
    assert link not in client.get(page).content.decode()


def test_others_work_is_not_there(client, signed):
    wanted = {"plan": signed.assignment.task.plan.slug, "language": "en", "institution": signed.institution.pk}
    client.force_login(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.SUPERVISOR))
    assert client.post(task_url(signed), {"language": "en"}).status_code == 404
    refused = client.post(PACKAGE, wanted)
    assert refused.status_code == 422
    assert refused.context["form"].errors["institution"]
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert client.post(task_url(signed), {"language": "en"}).status_code == 404
    # What a CIO posts for another institution is not even read: it is about their own, which signed nothing.
    assert "没有可导出的内容" in client.post(PACKAGE, wanted).content.decode()
    assert not Report.objects.exists()


def test_where_nothing_is_signed_one_is_told(client, authority):
    assignment = fill_in(AssignmentFactory(task=RequirementFactory().task, state="in_progress"))
    client.force_login(member(assignment.institution, Role.CIO))
    response = client.get(reverse("reports:task_package", args=[assignment.pk]), follow=True)
    assert response.redirect_chain == [(assignment.get_absolute_url(), 302)]
    assert "尚无已签署的报送" in response.content.decode()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("asked_by", ["institution", "authority"])
def test_a_package_is_seen_by_the_body_that_asked(client, signed, authority, role, asked_by):
    """What a supervisor asked for is not the institution's to see, nor the other way round."""
    owner = {"authority": authority} if asked_by == "authority" else {}
    report = ReportFactory(
        kind=ReportKind.EVIDENCE_PACKAGE, institution=signed.institution, state=ReportState.DONE, **owner
    )
    client.force_login(person(role, signed, authority))
    status = 200 if (role in INSIDE) == (asked_by == "institution") else 404
    for page in ("detail", "progress", "file"):
        assert client.get(reverse(f"reports:{page}", args=[report.pk])).status_code == status
    assert (report.number in client.get(reverse("reports:list")).content.decode()) == (status == 200)


def test_a_package_is_gone_with_the_scope(client, signed, authority):
    supervisor = member(authority, Role.SUPERVISOR)
    report = ReportFactory(
        kind=ReportKind.EVIDENCE_PACKAGE, institution=signed.institution, authority=authority, state=ReportState.DONE
    )
    from portal.accounts.actions import set_scope

    set_scope(authority=authority, kinds=[InstitutionKind.FUTURES], regions=[], all_regions=True, by=None)
    client.force_login(supervisor)
    assert client.get(report.get_absolute_url()).status_code == 404


def test_the_file_has_its_number(client, signed):
    cio = member(signed.institution, Role.CIO)
    client.force_login(cio)
    client.post(task_url(signed), {"language": "zh-hans"})
    report = Report.objects.get()
    assert [words for words, _status in client.get(report.get_absolute_url()).context["steps"]] == [
        step.label for step in (ReportStep.QUEUED, ReportStep.FIGURES, ReportStep.PACKING, ReportStep.STORED)
    ]
    making.render(report_id=report.pk)
    page = client.get(report.get_absolute_url()).content.decode()
    for words in ("下载 ZIP", "SM3", signed.assignment.task.local_title):
        assert words in page
    response = client.get(reverse("reports:file", args=[report.pk]))
    assert response["Content-Type"] == "application/zip"
    assert f"{report.number}.zip" in response["Content-Disposition"]
    assert b"".join(response.streaming_content).startswith(b"PK")


def test_old_packages_are_removed_and_their_page_says_so(client, signed, settings):
    long_ago = timezone.now() - datetime.timedelta(days=settings.PACKAGE_DAYS, hours=1)
    old, new = (
        ReportFactory(kind=ReportKind.EVIDENCE_PACKAGE, institution=signed.institution, state=ReportState.DONE)
        for _ in range(2)
    )
    status = ReportFactory(institution=signed.institution, state=ReportState.DONE)
    Report.objects.filter(pk__in=[old.pk, status.pk]).update(finished_at=long_ago)
    for _ in range(2):
        remove_old_packages()
    assert [report.file.storage.exists(report.file.name) for report in (old, new, status)] == [False, True, True]
    client.force_login(old.requested_by)
    assert "需要时请重新导出" in client.get(old.get_absolute_url()).content.decode()
    assert client.get(reverse("reports:file", args=[old.pk])).status_code == 404
    client.force_login(status.requested_by)
    assert client.get(reverse("reports:file", args=[status.pk])).status_code == 200
