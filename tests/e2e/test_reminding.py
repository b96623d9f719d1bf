"""Deadlines: a plan gets rules of its own, a supervisor urges, the institution is told and takes its calendar along."""

import urllib.request

import ics
import pytest

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]


def test_rules_of_ones_own_are_shown_beside_the_deadline(visit):
    lead = visit("lead@csrc.example")
    lead.open("/plan/csf-2014/reminders/")
    lead.press("为本计划单独设定", within="#reminder")
    lead.press("增加阶段", within="#reminder")
    page = lead.page
    page.fill("input[name=days]", "10")
    lead.follow(page.locator("main form button[type=submit]").first)
    assert page.locator(".has-error").count(), "nobody is told by a stage without addressees"
    assert page.input_value("input[name=days]") == "10"
    page.check("input[name=tell][value=cio]")
    lead.follow(page.locator("main form button[type=submit]").first)
    if not page.url.endswith("#reminder"):
        lead.follow(page.locator("main form button[name=confirmed]"))
    assert "期限前 10 天" in page.locator("#reminder").inner_text()

    liaison = visit("liaison@sec01.example", "en")
    liaison.open("/tasks/?state=in_progress")
    liaison.follow(liaison.page.locator("main tbody a").first)
    liaison.press("提醒安排")
    assert liaison.page.locator("main table tbody tr").count()


def test_urged_told_and_proved(visit):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    supervisor.open("/tasks/?overdue=1")
    supervisor.follow(page.get_by_role("link", name="催办全部筛选结果"))
    page.fill("input[name=subject]", "请尽快办理逾期任务")
    page.fill("textarea[name=text]", "{机构}：{任务}期限为{期份}。")
    supervisor.follow(page.locator("button[name=what][value=send]"))
    assert "{期份}" in page.locator(".error-summary").inner_text(), "an unknown placeholder is named"
    page.fill("textarea[name=text]", "{机构}：{任务}期限为{期限}，请尽快报送。")
    supervisor.follow(page.locator("button[name=what][value=preview]"))
    assert "请尽快报送" in page.locator(".preview-text").first.inner_text()
    supervisor.follow(page.locator("button[name=what][value=send]"))
    assert "请尽快办理逾期任务" in page.locator("h1").inner_text()

    liaison = visit("liaison@sec01.example")
    liaison.open("/inbox/")
    assert "请尽快办理逾期任务" in liaison.page.locator("main").inner_text()
    liaison.open("/inbox/proof/")
    assert "请尽快办理逾期任务" in liaison.page.locator("main table").first.inner_text()


def test_the_calendar_goes_along(visit, portal):
    contributor = visit("contributor@fut01.example")
    contributor.open("/calendar/")
    contributor.press("生成订阅链接")
    link = contributor.page.input_value("#feed-link")
    assert link.startswith(portal.url)
    with urllib.request.urlopen(link) as response:
        calendar = ics.Calendar(response.read().decode())
    assert calendar.events
    contributor.open("/calendar/")
    assert not contributor.page.locator("#feed-link").count(), "shown once only"
    revoke(contributor)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(link)


def revoke(visitor: Visitor) -> None:
    visitor.press("撤销链接")


def test_each_sets_how_they_are_told(visit):
    liaison = visit("liaison@fut01.example", "en")
    page = liaison.page
    liaison.open("/inbox/settings/")
    page.uncheck("input[name=email-is_active]")
    page.fill("input[name=webhook-address]", "https://10.0.0.1/hook")
    liaison.follow(page.locator("main form button[type=submit]").last)
    assert page.locator(".has-error").count()
    assert page.input_value("input[name=webhook-address]") == "https://10.0.0.1/hook"
    page.fill("input[name=webhook-address]", "")
    page.check("input[name=email-is_active]")
    page.select_option("select[name=email-pace]", "daily")
    liaison.follow(page.locator("main form button[type=submit]").last)
    liaison.open("/inbox/settings/")
    assert page.input_value("select[name=email-pace]") == "daily"
