"""Something is put right: asked for, answered with a file, sent back, answered again, and closed."""

import datetime

import pytest
from django.utils import timezone

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]

# In English, since the contributor reads the page in English: what is written stays in its language.
TITLE = "Complete the drill summaries"
FIRM = "示例证券有限公司"


def test_from_request_to_closing(visit):
    supervisor = visit("supervisor@shanghai.example", "zh-hans")
    contributor = visit("contributor@sec01.example", "en")
    address = ask(supervisor)
    answer(contributor, address, "总结已完成，见附件。", with_file=True)

    supervisor.open(address)
    file = supervisor.page.locator(".course .file-name").first
    assert file.is_visible()
    send_back(supervisor, "附件缺少签发日期。")

    contributor.open("/")
    contributor.follow(contributor.page.get_by_role("link", name=TITLE))
    assert "附件缺少签发日期。" in contributor.page.locator(".course").inner_text()
    answer(contributor, address, "已补充签发日期。", with_file=False)
    close(supervisor, address)

    contributor.open(address)
    assert contributor.say("已办结") in contributor.page.locator("header.page-head").inner_text()
    assert not contributor.page.locator("main form").count()
    supervisor.open(contributor.page.url)
    supervisor.follow(supervisor.page.locator(".course .file-name").first)


def days_from_now(days: int) -> str:
    return (timezone.localdate() + datetime.timedelta(days=days)).isoformat()


def ask(supervisor: Visitor) -> str:
    """From the institution's page; a deadline in the past is refused, and nothing typed is lost."""
    page = supervisor.page
    supervisor.open(f"/institutions/?q={FIRM}")
    supervisor.follow(page.locator("main tbody a").filter(has_text=FIRM).first)
    supervisor.press("整改", within=".page-action")
    supervisor.press("提出整改事项")
    page.fill("#id_title", TITLE)
    page.fill("#id_text", "请补齐两次演练的总结。")
    page.fill("#id_deadline", days_from_now(-1))
    supervisor.press("提出整改事项", within="main form")
    assert page.locator(".error-summary").is_visible()
    assert page.locator("#id_text").input_value() == "请补齐两次演练的总结。"
    page.fill("#id_deadline", days_from_now(20))
    supervisor.press("提出整改事项", within="main form")
    assert TITLE in page.locator("h1").inner_text()
    return page.url


def answer(contributor: Visitor, address: str, text: str, *, with_file: bool) -> None:
    page = contributor.page
    contributor.open(address)
    page.fill("#id_answer-text", text)
    if with_file:
        group = page.locator("details.file-groups").first
        group.locator("summary").click()
        group.locator("input[type=checkbox]").first.check()
    contributor.press("提交结果")
    assert contributor.say("待核验") in page.locator("header.page-head").inner_text()


def send_back(supervisor: Visitor, text: str) -> None:
    page = supervisor.page
    page.fill("#id_reopen-text", text)
    page.fill("#id_reopen-deadline", days_from_now(30))
    supervisor.press("要求补充整改")
    assert days_from_now(20) in page.locator("main del").inner_text()


def close(supervisor: Visitor, address: str) -> None:
    page = supervisor.page
    supervisor.open("/assessments/rectifications/?state=unverified&mine=me")
    supervisor.follow(page.locator("main tbody a").filter(has_text=TITLE).first)
    assert page.url == address
    page.fill("#id_close-text", "核验通过。")
    supervisor.press("办结", within="main form")
    assert supervisor.say("已办结") in page.locator("header.page-head").inner_text()
