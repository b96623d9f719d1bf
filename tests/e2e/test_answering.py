"""Filling in a self-assessment by two people: what is typed is saved by itself, and nobody writes over the other.

It stands before tests/e2e/test_path.py, which signs what is filled in here.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]

SAVED = re.compile(r"已保存 \d\d:\d\d")


def first_task(visitor: Visitor) -> str:
    """The first task of the institution's self-assessment that is being filled in; returns its address."""
    visitor.open("/assessments/")
    visitor.follow(visitor.page.locator("main tbody a, main .card a").first)
    visitor.follow(visitor.page.locator("tr.group-row a").first)
    return visitor.page.url


def text_of(visitor: Visitor):
    return visitor.page.locator("textarea[name^=justification]").first


def saved(visitor: Visitor) -> None:
    expect(visitor.page.locator("[data-saved]")).to_have_text(SAVED)


def test_what_is_typed_is_saved_by_itself(visit):
    contributor = visit("contributor@sec01.example")
    page = contributor.page
    task = first_task(contributor)
    text_of(contributor).fill("制度已发布，自动保存。")
    expect(page.locator("[data-saved]")).to_have_text("有未保存的修改")
    saved(contributor)
    box = page.locator(".evidence-choice input").first
    box.set_checked(not box.is_checked())
    saved(contributor)
    was = box.is_checked()
    contributor.open(task)
    expect(text_of(contributor)).to_have_value("制度已发布，自动保存。")
    assert page.locator(".evidence-choice input").first.is_checked() == was
    text_of(contributor).fill("长" * 100_000)
    expect(page.locator(".field-error").first).to_contain_text("最多 4000 字，现有 100000 字")
    contributor.look(closely=True)
    assert len(text_of(contributor).input_value()) == 100_000
    text_of(contributor).fill("")
    saved(contributor)


def test_closing_right_after_typing_loses_nothing(visit):
    contributor = visit("contributor@sec01.example")
    task = first_task(contributor)
    text_of(contributor).fill("写完就关。")
    contributor.page.close(run_before_unload=True)
    contributor.page = contributor.context.new_page()
    for _ in range(20):
        contributor.page.goto(task)
        if text_of(contributor).input_value() == "写完就关。":
            return
        contributor.page.wait_for_timeout(100)
    pytest.fail("what was typed last is gone")


def test_offline_it_waits_and_signed_out_it_says_so(visit):
    contributor = visit("contributor@sec01.example")
    page = contributor.page
    task = first_task(contributor)
    contributor.context.set_offline(True)
    text_of(contributor).fill("断网时写的。")
    expect(page.locator("[data-saved]")).to_contain_text("无法连接服务器")
    contributor.context.set_offline(False)
    saved(contributor)
    cookies = contributor.context.cookies()
    contributor.context.clear_cookies(name="sessionid")
    text_of(contributor).fill("登录过期时写的。")
    expect(page.locator("[data-saved] a")).to_have_text("在新窗口登录")
    contributor.context.add_cookies(cookies)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(contributor)
    contributor.complaints.clear()
    contributor.open(task)
    expect(text_of(contributor)).to_have_value("登录过期时写的。")


def test_two_people_see_each_other_and_choose(visit):
    contributor, liaison = visit("contributor@sec01.example"), visit("liaison@sec01.example")
    task = first_task(contributor)
    liaison.open(task)
    expect(liaison.page.locator(".presence")).to_contain_text("正在填写任务")
    text_of(contributor).fill("填报人的说明")
    saved(contributor)
    text_of(liaison).fill("联络人的说明")
    panel = liaison.page.locator(".theirs")
    expect(panel).to_contain_text("填报人的说明")
    expect(text_of(liaison)).to_have_value("联络人的说明")
    liaison.look(closely=True)
    text_of(liaison).fill("两人的说明")
    panel.locator("[data-take=mine]").click()
    saved(liaison)

    text_of(contributor).fill("填报人又写")
    panel = contributor.page.locator(".theirs")
    expect(panel).to_contain_text("两人的说明")
    panel.locator("[data-take=theirs]").click()
    saved(contributor)
    expect(text_of(contributor)).to_have_value("两人的说明")
    expect(panel).to_have_count(0)
    contributor.open(task)
    expect(text_of(contributor)).to_have_value("两人的说明")


def test_a_gap_asks_for_a_measure(visit):
    contributor = visit("contributor@sec01.example", "en")
    page = contributor.page
    first_task(contributor)
    while not page.locator("[data-measure]").count() or not page.locator("input[name^=level_]").count():
        contributor.press("下一任务")
    section = page.locator(".requirement:has(input[name^=level_])").first
    section.locator("input[type=radio][value='4']").check()
    expect(section.locator("[data-measure]")).to_be_hidden()
    section.locator("input[type=radio][value='1']").check()
    expect(section.locator("[data-measure]")).to_be_visible()
    expect(section.locator("[data-standing]")).to_contain_text("no planned measure")
    contributor.look(closely=True)
