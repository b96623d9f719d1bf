"""The search dialog, with nothing but the keyboard."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_a_search_by_keyboard_alone(visit):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    words, options = page.get_by_role("combobox"), page.get_by_role("option")
    before = page.get_by_role("link", name="首页").first
    before.focus()

    page.keyboard.press("Control+k")
    expect(words).to_be_focused()
    page.keyboard.type("示例证券")
    expect(options.first).to_contain_text("示例证券有限公司")
    expect(words).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-search-status]")).to_contain_text("条")
    supervisor.look(closely=True)

    page.keyboard.press("ArrowDown")
    expect(words).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(before).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.insert_text("x" * 101)
    expect(page.locator(".search-note")).to_contain_text("100")
    expect(words).to_have_value("x" * 101)

    page.keyboard.press("Control+a")
    page.keyboard.type("审核")
    expect(options.first).to_have_text("审核")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/assessments/reviews/")

    page.keyboard.press("Control+k")
    page.keyboard.type("补充")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/search/?q=" in page.url
    supervisor.look()
    expect(page.get_by_role("link", name="更多“审核意见”")).to_be_visible()
