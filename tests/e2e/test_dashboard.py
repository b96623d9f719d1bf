"""A lead supervisor prepares a briefing: how it stands, how it stood in June, and the list behind a mark."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
TABS = ["进度", "热力图", "机构", "地区", "成熟度"]


def test_from_the_whole_to_the_list_behind_a_mark(visit):
    lead = visit("lead@csrc.example")
    page = lead.page
    lead.follow(page.get_by_role("link", name="态势").first)
    expect(page.get_by_text("哪里最滞后")).to_be_visible()

    page.locator(".check-menu").first.locator("summary").click()
    page.get_by_label("期货公司").check()
    expect(page.locator(".check-menu [data-chosen]").first).to_have_text("期货公司")
    page.get_by_label("对比").fill("2026-03-31")
    lead.follow(page.get_by_role("button", name="筛选"))
    expect(page.locator(".dashboard-days")).to_contain_text("对比日 2026-03-31")

    for name in TABS:
        lead.follow(page.locator(".tabs").get_by_role("link", name=name))
        assert "kind=futures" in page.url
        page.get_by_text("查看数据表").click()
        expect(page.locator(".chart-table table")).to_be_visible()
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390, name
        page.set_viewport_size({"width": 1440, "height": 900})

    lead.follow(page.locator(".tabs").get_by_role("link", name="热力图"))
    mark = page.locator(".chart-matrix a", has=page.locator("use[href='#c0']")).first
    overdue = int(re.match(r"\d+", mark.locator("text").text_content()).group())
    lead.follow(mark)
    expect(page.locator(".filter-count")).to_contain_text(f"{overdue}")
