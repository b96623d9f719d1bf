"""A lead supervisor composes a report, reads what will be issued, and approves it."""

import datetime
import io
import json

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Region
from portal.audit.canonical import digests
from portal.audit.models import AuditEvent
from reports import making, rendering
from reports.actions import request_composed, retry_report
from reports.composing import actions
from reports.composing.enums import CompositionState
from reports.contents.kinds import CONTENTS
from reports.documents import compose
from reports.enums import ReportKind, ReportState
from reports.models import Composition, Report, ReportTemplate
from reports.rendering import to_pdf
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member, membership_of
from tests.factories.plan import PlanFactory
from tests.factories.reports import composition, small_industry
from tests.reports.test_documents import text_of

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def authority(db):
    return AuthorityFactory(name="示例监管局")


@pytest.fixture
def lead(authority):
    return member(authority, Role.LEAD_SUPERVISOR, name="周明远")


@pytest.fixture
def draft(authority, lead):
    return composition(authority, lead, title="上半年监管进展报告", prefix="示监")


def approve(draft, by):
    return actions.approve_composition(composition=draft, revision=draft.revision, membership=membership_of(by), by=by)


def ask(draft, by):
    return request_composed(membership=membership_of(by), composition=draft, is_draft=True, by=by)


def composed(report):
    with translation.override(report.language):
        return compose(Report.objects.get(pk=report.pk))


def url(name, draft):
    return reverse(f"reports:{name}", args=[draft.pk])


def typed(draft, **changes):
    """The editor's form as a browser sends it."""
    page = {"revision": draft.revision, "title": draft.title, "prefix": draft.prefix, "language": draft.language}
    page |= {"kinds": draft.kinds, "day": draft.day.isoformat(), "starts_on": "", "opening": draft.opening}
    for place, key in enumerate(draft.sections, 1):
        page |= {f"include-{key}": "on", f"order-{key}": place, f"text-{key}": draft.texts.get(key, "")}
    return page | changes


# --- Composing --------------------------------------------------------------------------------------------


def test_a_draft_begins_with_everything_as_at_yesterday(draft, authority, lead):
    assert draft.sections == [section.key for section in CONTENTS[ReportKind.SUPERVISORY].sections]
    assert (draft.kinds, draft.all_regions) == (list(InstitutionKind.values), True)
    assert draft.day == timezone.localdate() - DAY
    assert composition(authority, lead).prefix == "示监", "the next one begins with the prefix of the last"


def test_sections_come_in_the_chosen_order_with_their_texts(authority, lead):
    plan, _institutions = small_industry()
    chosen = {"sections": ["regions", "summary"], "opening": "**总的**情况。", "texts": {"regions": "## 地区说明"}}
    draft = composition(authority, lead, plan, **chosen)
    document = composed(ask(draft, lead))
    html = document.html
    places = [html.index(words) for words in ("<strong>总的</strong>", "<h3>地区说明</h3>", "总体情况</h2>")]
    assert places == sorted(places)
    assert "附表" not in html
    data = json.loads(document.data)
    assert "by_region" in data
    assert "institutions" not in data
    assert data["composition"]["texts"] == {"regions": "## 地区说明"}
    assert data["report"]["is_draft"] is True


def test_the_scope_is_a_part_of_the_authoritys(lead, authority):
    with time_machine.travel(timezone.now() - 2 * DAY):
        plan, institutions = small_industry()
    beijing = composition(authority, lead, plan, kinds=["securities", "core"], all_regions=False, regions=["beijing"])
    data = json.loads(composed(ask(beijing, lead)).data)
    named = {line["institution"] for line in data["institutions"]["shown"]}
    expected = {i.name for i in institutions if i.region.code == "beijing" and i.kind in beijing.kinds}
    assert named == expected
    assert data["scope"]["regions"] == [Region.objects.get(code="beijing").name]
    assert not data["scope"]["all_regions"]


def test_the_period_tells_before_and_after(authority, lead):
    plan, _institutions = small_industry()
    draft = composition(authority, lead, plan, sections=["period"], starts_on=timezone.localdate() - 30 * DAY)
    data = json.loads(composed(ask(draft, lead)).data)
    assert data["period"]["starts_on"] == draft.starts_on.isoformat()
    assert [line["number"] for line in data["period"]["by_theme"]] == [1, 2, 3]


def test_markdown_that_came_past_the_form_prints_nothing_unsafe(authority, lead):
    text = "<script>alert(1)</script>\n\n![图](https://evil.example/a.png) [x](file:///etc/passwd)"
    draft = composition(authority, lead, opening=text, texts={"summary": text})
    document = composed(ask(draft, lead))
    assert "<script" not in document.html
    assert "<img" not in document.html
    assert 'href="file' not in document.html
    to_pdf(document)


# --- The editor -------------------------------------------------------------------------------------------


def test_saving_orders_and_leaves_out(client, draft, lead):
    client.force_login(lead)
    page = typed(draft, **{"order-regions": 1, "order-summary": 2, "text-summary": "说明\r\n\r\n第二段"})
    del page["include-heat"]
    assert client.post(url("composition_edit", draft), page).status_code == 302
    draft.refresh_from_db()
    assert draft.sections[:2] == ["regions", "summary"]
    assert "heat" not in draft.sections
    assert draft.texts == {"summary": "说明\n\n第二段"}
    assert (draft.revision, draft.updated_by) == (2, lead)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"opening": "<b>粗</b>"}, "opening"),
        ({"text-summary": "![图](https://evil.example/a.png)"}, "text-summary"),
        ({"opening": "字" * 8001}, "opening"),
        ({"day": timezone.localdate().isoformat()}, "day"),
        ({"day": "2001-01-01"}, "day"),
        ({"starts_on": "2999-01-01"}, "starts_on"),
        ({"include-period": "on"}, "starts_on"),
        ({"kinds": ["futures"]}, "kinds"),
        ({"regions": ["beijing"]}, "regions"),
        ({"title": ""}, "title"),
    ],
)
def test_bad_input_is_said_at_the_field_and_kept(client, changes, field):
    """Kinds and regions of other authorities among it."""
    authority = AuthorityFactory(kinds=["securities"], regions=[RegionFactory()])
    RegionFactory(code="beijing")
    lead = member(authority, Role.LEAD_SUPERVISOR)
    draft = composition(authority, lead)
    client.force_login(lead)
    response = client.post(url("composition_edit", draft), typed(draft, **changes))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    for name, value in changes.items():
        assert response.context["form"].data.getlist(name) == (value if isinstance(value, list) else [value])
    draft.refresh_from_db()
    assert draft.revision == 1


def test_nothing_typed_is_lost_when_somebody_saved_meanwhile(client, draft, lead, authority):
    colleague = member(authority, Role.LEAD_SUPERVISOR, name="同事")
    client.force_login(colleague)
    client.post(url("composition_edit", draft), typed(draft, opening="同事写的"))
    client.force_login(lead)
    response = client.post(url("composition_edit", draft), typed(draft, opening="我写的"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "同事已于" in page
    assert "我写的" in page
    draft.refresh_from_db()
    assert draft.opening == "同事写的"
    client.post(url("composition_edit", draft), typed(draft, opening="我写的"))
    draft.refresh_from_db()
    assert draft.opening == "我写的"


def test_typing_on_after_an_approval_loses_nothing_and_changes_nothing(client, draft, lead):
    approve(draft, lead)
    client.force_login(lead)
    response = client.post(url("composition_edit", draft), typed(draft, opening="晚了"))
    assert response.status_code == 409
    assert "晚了" in response.content.decode()
    assert "周明远批准" in response.content.decode()
    draft.refresh_from_db()
    assert draft.opening == ""


# --- Preview and drafts -----------------------------------------------------------------------------------


def test_the_preview_is_the_draft_in_the_browser(client, draft, lead):
    client.force_login(lead)
    response = client.get(url("composition_preview", draft))
    page = response.content.decode()
    for words in ("上半年监管进展报告", "未经批准", "草稿", 'href="/static/css/report', "总体情况</h2>"):
        assert words in page, words
    assert "static:css" not in page
    assert "验证码" not in page
    assert "style-src 'self'" in response["Content-Security-Policy"]


def test_a_draft_pdf_says_so_on_every_page(draft, lead, tmp_path):
    document = composed(ask(draft, lead))
    pages = text_of(to_pdf(document), tmp_path).split("\f")[:-1]
    assert len(pages) > 2
    assert all({"草", "稿"} <= set(page) for page in pages), "set aslant, its characters stand apart"
    assert "未经批准" in pages[0]


def test_the_same_draft_is_asked_for_once_and_a_changed_one_anew(draft, lead):
    first = ask(draft, lead)
    assert ask(draft, lead) == first
    draft.revision += 1
    draft.save()
    assert ask(draft, lead) != first


# --- Approval ---------------------------------------------------------------------------------------------


def test_approval_numbers_fixes_and_issues(draft, lead, authority, tmp_path):
    report = approve(draft, lead)
    draft.refresh_from_db()
    year = timezone.localdate().year
    assert (draft.state, draft.approved_by, draft.number) == (CompositionState.APPROVED, lead, 1)
    assert report.number == draft.document_number == f"示监〔{year}〕1号"
    assert approve(composition(authority, lead), lead).composition.number == 2
    elsewhere = composition(AuthorityFactory())
    assert approve(elsewhere, elsewhere.created_by).composition.number == 1
    document = composed(report)
    text = text_of(to_pdf(document), tmp_path)
    for words in (f"示监〔{year}〕1号", "批准日期", "周明远", "上半年监管进展报告"):
        assert words in text, words
    assert "草稿" not in text
    assert AuditEvent.objects.filter(action="composition.approve", data__number=[year, 1], actor=lead).exists()


def test_what_is_issued_is_what_the_draft_said(draft, lead):
    small_industry()
    said = [json.loads(composed(report).data) for report in (ask(draft, lead), approve(draft, lead))]
    for data in said:
        data.pop("moment")
        report = data.pop("report")
        assert report["title"] == draft.title
    assert said[0] == said[1]


def test_nothing_changes_what_was_approved(draft, lead):
    approve(draft, lead)
    draft.refresh_from_db()
    with pytest.raises(actions.AlreadyDecided):
        actions.save_composition(composition=draft, revision=draft.revision, changes={}, by=lead)
    with pytest.raises(actions.AlreadyDecided):
        actions.discard_composition(composition=draft, by=lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        Composition.objects.filter(pk=draft.pk).update(title="别的")
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(
            kind=ReportKind.SUPERVISORY,
            plan=draft.plan,
            authority=draft.authority,
            composition=draft,
            requested_by=lead,
        )


def test_a_changed_draft_is_read_again_before_it_is_approved(client, draft, lead):
    client.force_login(lead)
    page = client.get(url("composition_approve", draft)).content.decode()
    assert "不能撤销" in page
    assert url("composition_preview", draft) in page
    client.post(url("composition_edit", draft), typed(draft, opening="后来的"))
    response = client.post(url("composition_approve", draft), {"revision": 1})
    assert response.status_code == 409
    assert "草稿有变化" in response.content.decode()
    assert client.post(url("composition_approve", draft), {"revision": 2}).status_code == 302
    draft.refresh_from_db()
    assert draft.is_approved


def test_four_eyes_where_the_plan_asks_for_them(client, authority, lead):
    draft = composition(authority, lead, PlanFactory(needs_second_review=True))
    client.force_login(lead)
    assert "须由另一位监管负责人批准" in client.get(url("composition_approve", draft)).content.decode()
    with pytest.raises(PermissionDenied):
        approve(draft, lead)
    approve(draft, member(authority, Role.LEAD_SUPERVISOR))


def test_a_colleague_makes_what_an_approver_who_left_could_not(draft, lead, authority, monkeypatch):
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: b"%PDF-1.7")
    report = approve(draft, lead)
    lead.memberships.update(is_active=False)
    for _attempt in range(3):
        making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    colleague = member(authority, Role.LEAD_SUPERVISOR)
    retry_report(report=report, by=colleague)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.number) == (ReportState.DONE, Composition.objects.get().document_number)


# --- Verification -----------------------------------------------------------------------------------------


def made(report, content):
    """As a worker leaves it."""
    sha256, sm3 = digests(content)
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(
        state=ReportState.DONE,
        file="x.pdf",
        sha256=sha256,
        sm3=sm3,
        code=report.pk.hex[:12],
        as_at=now,
        finished_at=now,
    )
    return Report.objects.get(pk=report.pk)


def verified(client, content, monkeypatch, report):
    monkeypatch.setattr("reports.verification.forms.clean_code", lambda typed: typed)
    file = io.BytesIO(content)
    return client.post(reverse("verification:form"), {"code": report.code, "file": file}).content.decode()


def test_a_draft_is_never_as_issued(client, draft, lead, monkeypatch, tmp_path):
    report = made(ask(draft, lead), b"draft")
    page = verified(client, b"draft", monkeypatch, report)
    assert "这是草稿，不是正式报告" in page
    assert "文件与签发时完全一致" not in page
    assert "签发时间" not in page
    approve(draft, lead)
    draft.refresh_from_db()
    assert draft.document_number in verified(client, b"draft", monkeypatch, report)
    (tmp_path / "draft.pdf").write_bytes(b"draft")
    with pytest.raises(CommandError, match="is a draft of 上半年监管进展报告"):
        call_command("verify_report", tmp_path / "draft.pdf")


def test_a_draft_supersedes_nothing_and_an_approval_what_has_its_scope(client, draft, lead, authority, monkeypatch):
    issued = made(approve(draft, lead), b"issued")
    page = verified(client, b"issued", monkeypatch, issued)
    assert "文件与签发时完全一致" in page
    assert issued.number in page
    assert "周明远" in page
    made(ask(composition(authority, lead, draft.plan), lead), b"draft")
    narrower = composition(authority, lead, draft.plan, kinds=["fund"])
    made(approve(narrower, lead), b"narrower")
    earlier = composition(authority, lead, draft.plan, day=draft.day - DAY)
    made(approve(earlier, lead), b"of an earlier day")
    assert issued.superseded_by is None
    again = made(approve(composition(authority, lead, draft.plan), lead), b"again")
    assert issued.superseded_by == again


# --- Templates --------------------------------------------------------------------------------------------


def test_a_template_begins_the_next_report(client, draft, lead):
    Composition.objects.filter(pk=draft.pk).update(sections=["heat"], opening="综述", kinds=["fund"])
    client.force_login(lead)
    assert client.post(url("composition_template", draft), {"name": "季报"}).status_code == 302
    taken = client.post(url("composition_template", draft), {"name": "季报"})
    assert taken.status_code == 422
    assert "已有同名模板" in taken.content.decode()
    template = ReportTemplate.objects.get()
    page = {"template": template.pk, "plan": draft.plan.slug, "language": "zh-hans"}
    client.post(reverse("reports:composition_new"), page)
    begun = Composition.objects.latest("pk")
    assert (begun.sections, begun.opening, begun.kinds, begun.prefix) == (["heat"], "综述", ["fund"], "示监")
    assert client.post(reverse("reports:template_delete", args=[template.pk])).status_code == 302
    assert not ReportTemplate.objects.exists()


# --- Who may ----------------------------------------------------------------------------------------------

PAGES = {
    "composition": {"supervisor", "lead"},
    "composition_preview": {"supervisor", "lead"},
    "composition_edit": {"lead"},
    "composition_approve": {"lead"},
    "composition_discard": {"lead"},
    "template_delete": {"lead"},
}
WRITES = {
    "composition_draft": {"supervisor", "lead"},
    "composition_template": {"lead"},
    "composition_edit": {"lead"},
    "composition_approve": {"lead"},
    "composition_discard": {"lead"},
    "template_delete": {"lead"},
}
ABOVE = {"supervisor": Role.SUPERVISOR, "lead": Role.LEAD_SUPERVISOR, "observer": Role.OBSERVER}
INSIDE = {"liaison": Role.LIAISON, "contributor": Role.CONTRIBUTOR, "cio": Role.CIO}


def person(who, authority):
    return member(authority, ABOVE[who]) if who in ABOVE else member(InstitutionFactory(), INSIDE[who])


@pytest.mark.parametrize("who", [*ABOVE, *INSIDE])
def test_who_opens_and_does_what(client, who, draft, lead, authority):
    template = actions.save_template(composition=draft, name="季报", by=lead)
    rows = {"template_delete": template}
    user = person(who, authority)
    client.force_login(user)
    for name, people in PAGES.items():
        status = client.get(url(name, rows.get(name, draft))).status_code
        assert (status == 200) == (who in people), f"{name}: {status}"
        assert status in (200, 403, 404)
    stranger = person(who, AuthorityFactory())
    for name, people in WRITES.items():
        client.force_login(stranger)
        assert client.post(url(name, rows.get(name, draft)), {"name": "x"}).status_code in (403, 404), name
        if who not in people:
            client.force_login(user)
            assert client.post(url(name, rows.get(name, draft)), {"name": "x"}).status_code in (403, 404), name
    draft.refresh_from_db()
    assert draft.is_composing
    assert draft.revision == 1


def test_observers_read_what_was_approved(client, draft, lead, authority):
    observer = member(authority, Role.OBSERVER)
    client.force_login(observer)
    printed = ask(draft, lead)
    assert draft.title not in client.get(reverse("reports:composition_list")).content.decode()
    assert client.get(printed.get_absolute_url()).status_code == 404
    issued = approve(draft, lead)
    assert draft.title in client.get(reverse("reports:composition_list")).content.decode()
    page = client.get(url("composition", draft)).content.decode()
    assert issued.get_absolute_url() in page
    assert printed.get_absolute_url() not in page
    assert client.get(issued.get_absolute_url()).status_code == 200


def test_pages_cost_the_same_for_many(client, authority, lead):
    first = composition(authority, lead)
    actions.save_template(composition=first, name="甲", by=lead)
    ask(first, lead)
    client.force_login(lead)
    pages = [reverse("reports:composition_list"), url("composition", first), reverse("reports:list")]
    for page in pages:
        client.get(page)
    before = [_queries(client, page) for page in pages]
    for number in (1, 2):
        actions.save_template(composition=first, name=f"乙{number}", by=lead)
        approve(composition(authority, lead), lead)
        ask(first, member(authority, Role.LEAD_SUPERVISOR))
    assert [_queries(client, page) for page in pages] == before


def _queries(client, page):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)
