"""The pages of reports: whose they are, what they show while one waits, and the file."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.html import parse_html
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.enums import SelfAssessmentState
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.middleware import SESSION_KEY
from portal.audit.models import AuditEvent
from portal.shell import context_processors
from reports.enums import ReportKind, ReportState, ReportStep
from reports.models import Report
from reports.models.reports import XLSX
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.plan import PlanFactory, TaskFactory
from tests.factories.reports import ReportFactory

pytestmark = pytest.mark.django_db
PAGES = ("reports:detail", "reports:progress", "reports:file", "reports:workbook")


@pytest.fixture
def bodies():
    """Two institutions, both supervised by one authority, and an authority that supervises nothing."""
    return {
        "institution": InstitutionFactory(),
        "other institution": InstitutionFactory(),
        "authority": AuthorityFactory(),
        "other authority": AuthorityFactory(kinds=[]),
    }


@pytest.mark.parametrize("owner", ["institution", "other institution", "authority", "other authority"])
@pytest.mark.parametrize(
    ("home", "role"),
    [("institution", role) for role in (Role.CIO, Role.CONTRIBUTOR, Role.LIAISON)]
    + [("authority", role) for role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER)],
)
def test_reports_are_seen_by_people_of_their_body_only(client, bodies, home, role, owner):
    field = "authority" if "authority" in owner else "institution"
    report = ReportFactory(state=ReportState.DONE, **{field: bodies[owner]})
    client.force_login(member(bodies[home], role))
    status = 200 if home == owner else 404
    for page in PAGES:
        assert client.get(reverse(page, args=[report.pk])).status_code == status
    listed = client.get(reverse("reports:list"))
    assert listed.status_code == 200
    assert (report.number in listed.content.decode()) == (home == owner)


def test_the_body_acted_for_decides(client, bodies):
    user = member(bodies["institution"], Role.CIO)
    user.memberships.create(authority=bodies["authority"], role=Role.SUPERVISOR)
    user.groups.add(bodies["authority"].group)
    report = ReportFactory(institution=bodies["institution"], requested_by=user)
    client.force_login(user)
    session = client.session
    session[SESSION_KEY] = user.memberships.get(authority=bodies["authority"]).pk
    session.save()
    assert client.get(report.get_absolute_url()).status_code == 404
    session[SESSION_KEY] = user.memberships.get(institution=bodies["institution"]).pk
    session.save()
    assert client.get(report.get_absolute_url()).status_code == 200


def test_without_any_body_there_is_nothing(client):
    report = ReportFactory(state=ReportState.DONE)
    client.force_login(UserFactory())
    assert client.get(reverse("reports:list")).status_code == 200
    assert client.get(reverse("reports:file", args=[report.pk])).status_code == 404
    assert client.post(reverse("reports:request"), {"plan": report.plan.slug, "language": "en"}).status_code == 403


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.CIO, ReportKind.STATUS),
        (Role.CONTRIBUTOR, None),
        (Role.LIAISON, None),
        (Role.SUPERVISOR, ReportKind.SUPERVISORY),
        (Role.LEAD_SUPERVISOR, ReportKind.SUPERVISORY),
        (Role.OBSERVER, None),
    ],
)
def test_asking_for_a_report(client, role, kind):
    supervising = role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER)
    client.force_login(member(AuthorityFactory() if supervising else InstitutionFactory(), role))
    plan = PlanFactory()
    page = client.get(reverse("reports:list")).content.decode()
    assert ('action="/reports/request/"' in page) == bool(kind)
    wanted = {"kind": kind or "", "plan": plan.slug, "language": "en"}
    response = client.post(reverse("reports:request"), wanted)
    if kind is None:
        assert response.status_code == 403
        assert not Report.objects.exists()
        return
    report = Report.objects.get()
    assert response["Location"] == report.get_absolute_url()
    assert (report.kind, report.language, report.plan, report.state) == (kind, "en", plan, ReportState.QUEUED)
    assert client.post(reverse("reports:request"), wanted).status_code == 302
    assert Report.objects.count() == 1


def test_bad_input_is_said_beside_the_field(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    response = client.post(reverse("reports:request"), {"plan": "no-such-plan", "language": "fr"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"plan", "language"}
    assert not Report.objects.exists()


def test_what_a_kind_wants_to_know_is_asked_for_and_the_rest_left_aside(client):
    """A supervisor's form; what was chosen for another kind is no trouble."""
    authority, plan = AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), PlanFactory()
    client.force_login(member(authority, Role.SUPERVISOR))
    near, far = InstitutionFactory(), InstitutionFactory(kind=InstitutionKind.FUTURES)
    task, foreign = TaskFactory(theme__plan=plan, number=7), TaskFactory(number=8)

    def ask(**asked):
        return client.post(reverse("reports:request"), {"plan": plan.slug, "language": "en", **asked})

    for asked, field in [
        ({"kind": "task"}, "task"),
        ({"kind": "task", "task": foreign.number}, "task"),
        ({"kind": "status"}, "institution"),
        ({"kind": "status", "institution": far.pk}, "institution"),
        ({"kind": "assessment"}, "kind"),
        ({"kind": "ledger"}, "kind"),
        ({"kind": "supervisory", "day": timezone.localdate() + timedelta(days=1)}, "day"),
        ({"kind": "supervisory", "day": plan.starts_on - timedelta(days=1)}, "day"),
        ({"kind": "supervisory", "day": "30 June"}, "day"),
    ]:
        response = ask(**asked)
        assert (response.status_code, set(response.context["form"].errors)) == (422, {field}), asked
    assert not Report.objects.exists()

    yesterday = timezone.localdate() - timedelta(days=1)
    chosen = {"institution": near.pk, "task": 7}
    for kind, wanted in [
        ("supervisory", (None, None, yesterday)),
        ("task", (None, task, yesterday)),
        ("status", (near, None, yesterday)),
    ]:
        assert ask(kind=kind, day=yesterday, **chosen).status_code == 302
        report = Report.objects.latest("requested_at")
        assert (report.kind, report.institution, report.task, report.day) == (kind, *wanted)
        assert str(yesterday) in client.get(report.get_absolute_url()).content.decode()
    ask(kind="supervisory", day=timezone.localdate())
    assert Report.objects.latest("requested_at").day is None


def test_the_form_is_filled_in_as_a_link_says(client):
    plan, task = PlanFactory(), TaskFactory(number=5)
    client.force_login(member(AuthorityFactory(), Role.SUPERVISOR))
    page = client.get(reverse("reports:list"), {"kind": "task", "plan": task.plan.slug, "task": 5})
    form = page.context["form"]
    assert list(form.fields["task"].queryset) == [task]
    assert (form["kind"].value(), form["task"].value()) == ("task", "5")
    assert client.get(reverse("reports:list"), {"plan": plan.slug, "kind": "<b>"}).status_code == 200


@pytest.mark.parametrize("role", [Role.CIO, Role.SUPERVISOR])
def test_a_report_on_a_signed_self_assessment_is_asked_for_on_its_page(client, role):
    signed = SelfAssessmentFactory(state=SelfAssessmentState.SUBMITTED)
    above = role == Role.SUPERVISOR
    client.force_login(member(AuthorityFactory() if above else signed.institution, role))
    name = "assessments:review_self_assessment" if above else "assessments:detail"
    url = reverse("reports:assessment", args=[signed.pk])
    assert f'href="{url}"' in client.get(reverse(name, args=[signed.pk])).content.decode()
    assert client.get(url).status_code == 200
    early = timezone.localdate() - timedelta(days=1)
    response = client.post(url, {"language": "en", "day": early})
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"day"})
    assert client.post(url, {"language": "en", "day": ""}).status_code == 302
    report = Report.objects.get()
    assert (report.kind, report.self_assessment, report.institution) == ("assessment", signed, signed.institution)
    assert signed.cycle.local_title in client.get(reverse("reports:list")).content.decode()


def test_asking_is_no_get(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert client.get(reverse("reports:request")).status_code == 405


def test_list_is_newest_first_and_costs_the_same_for_many(client):
    institution = InstitutionFactory()
    cio = member(institution, Role.CIO)
    first = ReportFactory(institution=institution)
    client.force_login(cio)
    client.get(reverse("reports:list"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("reports:list"))
    second, third = (ReportFactory(institution=institution) for _ in range(2))
    with CaptureQueriesContext(connection) as three:
        response = client.get(reverse("reports:list"))
    assert len(one) == len(three)
    assert list(response.context["page"]) == [third, second, first]


def test_empty_list_says_how_to_begin(client):
    institution = InstitutionFactory()
    client.force_login(member(institution, Role.CIO))
    assert "即可生成第一份" in client.get(reverse("reports:list")).content.decode()
    client.force_login(member(institution, Role.CONTRIBUTOR))
    assert "首席信息官可以导出" in client.get(reverse("reports:list")).content.decode()


def opened(client, report, page="reports:progress"):
    client.force_login(report.requested_by)
    return client.get(reverse(page, args=[report.pk])).content.decode()


def test_while_it_is_made_the_page_asks_again_and_shows_the_step(client):
    report = ReportFactory(state=ReportState.RENDERING, step=ReportStep.LAYOUT, attempts=1)
    for page in ("reports:detail", "reports:progress"):
        content = opened(client, report, page)
        assert f'hx-get="{reverse("reports:progress", args=[report.pk])}"' in content
        assert "<noscript>" in content
    steps = client.get(reverse("reports:progress", args=[report.pk])).context["steps"]
    assert [status for _words, status in steps] == ["done", "done", "current", "waiting"]


def a_batch():
    return {"kind": ReportKind.BATCH, "authority": AuthorityFactory(), "step": ReportStep.MEMBERS}


@pytest.mark.parametrize("state", ReportState)
def test_the_part_that_changes_is_one_element(client, state):
    """It replaces itself: whatever stood beside it would be there twice."""
    report = ReportFactory(state=state, attempts=1, **(a_batch() if state == ReportState.COLLECTING else {}))
    root = parse_html(opened(client, report))
    assert root.name == "div"
    classes = dict(root.attributes)["class"].split()
    assert classes == (["report-parts"] if report.is_over else ["polling"])


def test_when_it_is_done_the_page_stops_and_offers_the_file(client):
    report = ReportFactory(state=ReportState.DONE)
    content = opened(client, report)
    assert "hx-get" not in content
    assert reverse("reports:file", args=[report.pk]) in content
    assert report.sha256 in content
    assert report.sm3 in content


def test_when_it_failed_the_page_says_so_in_plain_words_and_offers_another_try(client):
    report = ReportFactory(state=ReportState.FAILED, attempts=3, error="OSError: /srv/secret/path")
    content = opened(client, report)
    assert "已自动尝试 3 次" in content
    assert "/srv/secret/path" not in content
    retry = reverse("reports:retry", args=[report.pk])
    assert retry in content
    assert client.post(retry)["Location"] == report.get_absolute_url()
    report.refresh_from_db()
    assert report.state == ReportState.QUEUED
    assert client.post(retry).status_code == 302


def test_a_contributor_does_not_try_again(client):
    report = ReportFactory(state=ReportState.FAILED)
    client.force_login(member(report.institution, Role.CONTRIBUTOR))
    assert "retry-report" not in client.get(report.get_absolute_url()).content.decode()
    assert client.post(reverse("reports:retry", args=[report.pk])).status_code == 403


def test_without_a_broker_the_page_says_that_it_waits(client, monkeypatch):
    monkeypatch.setattr(context_processors, "broker_alive", lambda: False)
    content = opened(client, ReportFactory())
    assert "不必重新申请" in content


def test_the_file_is_sent_as_it_was_made(client):
    institution = InstitutionFactory(name='示例"引号/斜线\\证券')
    report = ReportFactory(institution=institution, state=ReportState.DONE)
    client.force_login(report.requested_by)
    response = client.get(reverse("reports:file", args=[report.pk]))
    assert b"".join(response.streaming_content) == b"%PDF-1.7"
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert f"{timezone.localdate():%Y%m%d}.pdf" in response["Content-Disposition"]
    assert "%2F" not in response["Content-Disposition"]


def test_the_workbook_is_offered_and_who_takes_it_is_recorded(client):
    report = ReportFactory(state=ReportState.DONE)
    workbook = reverse("reports:workbook", args=[report.pk])
    page = opened(client, report)
    assert workbook in page and report.workbook_sha256 in page
    assert client.head(workbook).status_code == 200
    response = client.get(workbook)
    assert b"".join(response.streaming_content) == b"PK.."
    assert response["Content-Type"] == XLSX[1] and ".xlsx" in response["Content-Disposition"]
    event = AuditEvent.objects.get(action="report.downloaded")
    assert (event.actor, event.data["sha256"]) == (report.requested_by, report.workbook_sha256)


def test_a_report_from_before_there_were_workbooks_offers_none(client):
    report = ReportFactory(state=ReportState.DONE)
    Report.objects.update(workbook="", workbook_size=None, workbook_sha256="", workbook_sm3="")
    assert reverse("reports:workbook", args=[report.pk]) not in opened(client, report)
    assert client.get(reverse("reports:workbook", args=[report.pk])).status_code == 404


@pytest.mark.parametrize("state", [ReportState.QUEUED, ReportState.RENDERING, ReportState.FAILED])
def test_no_file_before_there_is_one(client, state):
    report = ReportFactory(state=state)
    client.force_login(report.requested_by)
    for page in ("reports:file", "reports:workbook"):
        assert client.get(reverse(page, args=[report.pk])).status_code == 404


def test_a_file_lost_from_the_disk_is_not_found(client):
    report = ReportFactory(state=ReportState.DONE)
    for file in (report.file, report.workbook):
        file.storage.delete(file.name)
    client.force_login(report.requested_by)
    for page in ("reports:file", "reports:workbook"):
        assert client.get(reverse(page, args=[report.pk])).status_code == 404
    assert not AuditEvent.objects.filter(action="report.downloaded").exists()


def test_no_such_report(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    for page in PAGES:
        assert client.get(reverse(page, args=[uuid.uuid4()])).status_code == 404
