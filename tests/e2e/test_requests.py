"""An institution asks for more time twice: declined with a reason, then granted for less than it asked."""

import datetime

import pytest
from django.utils import timezone

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

WEEK = datetime.timedelta(days=7)


def test_asked_declined_asked_again_and_granted(visit):
    contributor = visit("contributor@sec02.example")
    task, deadline = open_task(contributor)
    later = max(deadline, timezone.localdate())
    first = ask(contributor, task, later + 4 * WEEK, "供应商交付推迟，见附件。")

    lead = visit("lead@csrc.example", "en")
    lead.open("/tasks/requests/")
    lead.open(first)
    assert lead.page.locator("main .file").count() == 1, "the file that came with it"
    decline(lead)
    contributor.open(first)
    assert "请先完成测试" in contributor.page.locator("main").inner_text()

    second = ask(contributor, task, later + 3 * WEEK, "测试已完成，报告见附件。")
    grant(lead, second, later + 2 * WEEK)
    contributor.open(task)
    facts = contributor.page.locator("dl.facts").first.inner_text()
    assert (later + 2 * WEEK).isoformat() in facts
    assert f"原期限 {deadline.isoformat()}" in facts


def open_task(contributor: Visitor) -> tuple[str, datetime.date]:
    """The first task that is not over, with its address and its deadline."""
    page = contributor.page
    contributor.open("/tasks/?state=in_progress")
    contributor.follow(page.locator("main tbody a").first)
    written = page.locator("dl.facts .deadline time").first.get_attribute("datetime")
    return page.url, datetime.date.fromisoformat(written)


def ask(contributor: Visitor, task: str, until: datetime.date, reason: str) -> str:
    """With a file of another task, or of this one; returns the address of the request."""
    page = contributor.page
    contributor.open(task)
    contributor.press("申请延期")
    page.fill("input[name=new_deadline]", until.isoformat())
    page.fill("textarea[name=reason]", reason)
    if not page.locator("input[name=evidence]:visible").count():
        page.locator(".file-groups summary").click()
    page.locator("input[name=evidence]:visible").first.check()
    contributor.follow(page.locator("main form button[type=submit]"))
    assert contributor.say("待审批") in page.locator("header.page-head").inner_text()
    return page.url


def decline(lead: Visitor) -> None:
    page = lead.page
    form = page.locator("form[action$='/decline/']")
    form.locator("textarea").fill("请先完成测试，再提出申请。")
    lead.follow(form.locator("button[type=submit]"))
    assert lead.say("未同意") in page.locator("header.page-head").inner_text()


def grant(lead: Visitor, request: str, until: datetime.date) -> None:
    page = lead.page
    lead.open(request)
    form = page.locator("form[action$='/grant/']")
    form.locator("input[type=date]").fill(until.isoformat())
    lead.follow(form.locator("button[type=submit]"))
    assert lead.say("已同意") in page.locator("header.page-head").inner_text()
