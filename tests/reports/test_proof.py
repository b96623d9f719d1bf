"""The proof of delivery as a spreadsheet: whose, of which days, with what, and who may have it."""

import datetime
import io

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.models import Delivery, Escalation
from reports import actions, making
from reports.enums import ReportKind, ReportState
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.notices import NoticeFactory
from tests.factories.plan import PlanFactory
from tests.factories.reports import ReportFactory

pytestmark = pytest.mark.django_db
ZONE = timezone.get_default_timezone()
DAY = datetime.date(2026, 11, 20)
MINUTE = datetime.datetime.combine(DAY, datetime.time(23, 59))
PAGE = reverse("reports:proof")


@pytest.fixture
def institution():
    return InstitutionFactory(name="甲证券")


@pytest.fixture
def authority(institution):
    return AuthorityFactory(kinds=[InstitutionKind.SECURITIES])


@pytest.fixture
def notice(institution):
    person = member(institution, Role.CONTRIBUTOR, name="陈思", email="chen.si@firm.example")
    told_at = datetime.datetime(2026, 11, 20, 23, 59, 30, tzinfo=ZONE)
    notice = NoticeFactory(recipient=person, institution=institution, created_at=told_at)
    Delivery.objects.create(
        notice=notice,
        state=DeliveryState.SENT,
        sent_at=told_at,
        attempts=1,
        address=person.email,
        message_id="<1@portal.example>",
        answer="=250 ok chen.si@firm.example",
    )
    return notice


def wanted(user, institution, start=DAY, end=DAY):
    membership = membership_of(user)
    return {
        "membership": membership,
        "institution": institution,
        "start": start,
        "end": end,
        "language": "zh-hans",
        "by": user,
    }


def book_of(user, institution, **period):
    report = actions.request_proof(**wanted(user, institution, **period))
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.DONE, report.error
    return load_workbook(io.BytesIO(report.file.read()))


def rows_of(book, sheet="通知"):
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_each_delivery_is_a_row(institution, notice):
    Delivery.objects.create(notice=notice, channel="wecom", state="parked", address="https://x.example/?key=1")
    mail, hook = rows_of(book_of(member(institution, Role.CIO), institution))
    assert mail == {
        "通知时间": MINUTE,
        "收件人": "陈思",
        "角色": "填报人",
        "类别": "期限提醒",
        "内容": notice.subject,
        "已读时间": None,
        "方式": "电子邮件",
        "状态": "已发送",
        "发送时间": MINUTE,
        "退信时间": None,
        "收件地址": "chen.si@firm.example",
        "消息标识": "<1@portal.example>",
        "服务器回复": "=250 ok chen.si@firm.example",
        "错误": None,
        "发送次数": 1,
    }
    assert (hook["方式"], hook["状态"], hook["收件地址"]) == ("企业微信群机器人", "发送失败", None)


def test_only_the_inbox_is_a_row_too(institution, notice):
    notice.deliveries.all().delete()
    (row,) = rows_of(book_of(member(institution, Role.CIO), institution))
    assert (row["方式"], row["状态"]) == ("仅收件箱", None)


@pytest.mark.parametrize(("start", "end", "rows"), [(0, 0, 1), (-9, -1, 0), (1, 9, 0), (-1, 1, 1)])
def test_the_period_has_both_its_days(institution, notice, start, end, rows):
    days = {name: DAY + datetime.timedelta(days=n) for name, n in (("start", start), ("end", end))}
    assert len(rows_of(book_of(member(institution, Role.CIO), institution, **days))) == rows


def test_supervisors_get_what_their_page_shows(institution, authority, notice):
    NoticeFactory(
        recipient=notice.recipient, institution=institution, kind=NoticeKind.SENT_BACK, created_at=notice.created_at
    )
    (row,) = rows_of(book_of(member(authority, Role.SUPERVISOR), institution))
    assert row["收件地址"] == "c***i@firm.example"
    assert row["服务器回复"] == "=250 ok c***i@firm.example"


def test_escalations_and_notes(institution, authority, notice):
    key = ":".join([*notice.key.split(":")[:2], "2026-11-22", "+5w", "supervisor"])
    Escalation.objects.create(institution=institution, kind=NoticeKind.REMINDER, key=key, created_at=notice.created_at)
    user = member(authority, Role.LEAD_SUPERVISOR)
    book = book_of(user, institution)
    assert book.sheetnames == ["说明", "通知", "已报监管单位"]
    (row,) = rows_of(book, "已报监管单位")
    assert notice.data["title"] in row["事项"] and row["阶段"] == "逾期 5 个工作日" and row["报给"] == "监管人员"
    notes = dict(book["说明"].iter_rows(values_only=True))
    assert notes["机构"] == "甲证券" and notes["期间"] == "2026-11-20 – 2026-11-20"
    assert notes["申请人"] == user.name and "Asia/Shanghai" in notes["时区"]


@pytest.mark.parametrize("role", [*INSTITUTION_ROLES, *AUTHORITY_ROLES])
def test_who_may_ask_and_who_may_have_it(client, institution, authority, notice, role):
    user = member(institution if role in INSTITUTION_ROLES else authority, role)
    client.force_login(user)
    data = {"institution": institution.pk, "start": DAY, "end": DAY, "language": "zh-hans"}
    answer = client.post(PAGE, data)
    may_ask = role in (Role.CIO, Role.SUPERVISOR, Role.LEAD_SUPERVISOR)
    assert client.get(PAGE).status_code == (200 if may_ask else 403)
    assert answer.status_code == (302 if may_ask else 403)
    if may_ask:
        report = Report.objects.get()
        assert AuditEvent.objects.get(action="report.requested").institution == institution
        making.render(report_id=report.pk)
        assert client.get(reverse("reports:file", args=[report.pk])).status_code == 200
        assert AuditEvent.objects.get(action="report.downloaded").actor == user
        for url in (reverse("reports:list"), report.get_absolute_url()):
            assert "2026-11-20 – 2026-11-20" in client.get(url).text


@pytest.mark.parametrize(("role", "sees"), [(Role.CIO, True), (Role.LIAISON, True), (Role.CONTRIBUTOR, False)])
def test_colleagues_without_the_right_do_not_see_the_file(client, institution, notice, role, sees):
    report = actions.request_proof(**wanted(member(institution, Role.CIO), institution))
    making.render(report_id=report.pk)
    client.force_login(member(institution, role))
    for name in ("detail", "file"):
        assert client.get(reverse(f"reports:{name}", args=[report.pk])).status_code == (200 if sees else 404)


@pytest.mark.parametrize("role", [Role.CIO, Role.SUPERVISOR])
def test_other_bodies_get_nothing(client, institution, notice, role):
    other = InstitutionFactory() if role == Role.CIO else AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    user = member(other, role)
    with pytest.raises(PermissionDenied), transaction.atomic():
        actions.request_proof(**wanted(user, institution))
    client.force_login(user)
    client.post(PAGE, {"institution": institution.pk, "start": DAY, "end": DAY, "language": "en"})
    assert not Report.objects.filter(institution=institution).exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"end": "2026-11-19"}, "结束日期不能早于开始日期"), ({"start": ""}, "请填写开始日期"), ({"end": "x"}, "日期")],
)
def test_a_period_that_is_none(client, institution, changes, words):
    client.force_login(member(institution, Role.CIO))
    answer = client.post(PAGE, {"start": DAY, "end": DAY, "language": "en"} | changes)
    assert answer.status_code == 422 and words in answer.text


def test_a_double_click_asks_once(institution):
    user = member(institution, Role.CIO)
    assert actions.request_proof(**wanted(user, institution)) == actions.request_proof(**wanted(user, institution))


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": ReportKind.PROOF, "plan": None},
        {"kind": ReportKind.PROOF, "plan": None, "starts_on": DAY, "ends_on": DAY - datetime.timedelta(days=1)},
        {"kind": ReportKind.STATUS, "plan": None},
        {"kind": ReportKind.STATUS, "starts_on": DAY, "ends_on": DAY},
    ],
)
def test_the_database_wants_a_plan_or_a_period(institution, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportFactory(institution=institution, **({"plan": PlanFactory()} | fields))
