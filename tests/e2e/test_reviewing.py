"""A review with nothing but the keyboard, and the draft that outlives the page."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

REASON = "请补充正式印发的版本。"


def test_a_review_by_keyboard(visit):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    supervisor.open("/assessments/reviews/?type=self_assessment")
    link = page.locator("main tbody a[href*='/self-assessments/']").first
    institution = link.inner_text()
    supervisor.follow(link)
    review = page.url
    rows, kept = page.locator("[data-requirement]"), page.locator("[data-saved]")

    for key in ("j", "a", "n", "r"):
        page.keyboard.press(key)
    expect(rows.nth(1).locator("textarea")).to_be_focused()
    page.keyboard.type(REASON)
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("c")
    page.keyboard.type("jar")
    expect(page.locator(".review-foot [data-tally=judged]")).to_have_text("2")
    expect(kept).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=10_000)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    supervisor.look(closely=True)

    two = another_window(supervisor, review)
    page.keyboard.press("?")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("另附清单。")
    expect(page.locator("[data-conflict]")).to_be_visible(timeout=10_000)
    supervisor.look(closely=True)
    page.locator("[data-take=ours]").click()
    expect(kept).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=10_000)
    two.close()

    supervisor.open(review)
    expect(rows.nth(0).locator("textarea")).to_have_value("jar")
    expect(rows.nth(1).locator("textarea")).to_have_value(f"{REASON}另附清单。")
    expect(rows.nth(0).locator("input[value=accepted]")).to_be_checked()
    page.keyboard.press("e")
    page.locator("button[value=returned]").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    supervisor.look()
    assert institution in page.locator("main").inner_text()
    assert supervisor.say("已退回") in page.locator("main").inner_text()

    supervisor.open(review)
    text = page.locator("main").inner_text()
    assert REASON in text
    assert "jar" in text
    assert page.locator("button[value=returned]").count() == 0


def another_window(supervisor, review):
    """Opens the same review, types into it, and waits until that is saved."""
    two = supervisor.context.new_page()
    two.goto(review)
    two.locator("textarea[name=comment]").fill("另一窗口")
    expect(two.locator("[data-saved]")).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=10_000)
    expect(two.locator("[data-saved]")).not_to_have_class(re.compile("is-unsaved"))
    two.wait_for_timeout(1500)
    return two
