"""From the first page to what is late, and more time for it: ticked, shown, granted and taken back."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]


def test_late_work_gets_more_time_and_loses_it_again(visit):
    lead = visit("lead@csrc.example")
    page = lead.page
    lead.open("/")
    lead.follow(page.locator("a.age").first)
    assert "late=0&late_max=30" in page.url
    page.locator("main tbody input[type=checkbox]").first.check()
    lead.press("延期所选")
    assert not page.locator("input[name=until]").is_visible()
    page.locator("input[name=way][value=day]").check()
    assert not page.locator("input[name=days]").is_visible()
    page.locator("input[name=way][value=working]").check()
    page.fill("input[name=days]", "40")
    page.fill("textarea[name=reason]", "系统升级推迟")
    lead.follow(page.locator("button[name=what][value=preview]"))
    assert page.locator("main tbody tr").count() == 1
    lead.follow(page.locator("button[name=what][value=extend]"))
    assert "已延期 1 项任务" in page.locator("main").inner_text()
    lead.press("撤销延期", within="main")
    assert "已恢复 1 项任务的原期限" in page.locator("main").inner_text()
