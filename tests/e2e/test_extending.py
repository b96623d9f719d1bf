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
    # A worker carries it out; the page shows its steps, opens itself anew when it is done, and only then holds still.
    page.locator("button[name=what][value=extend]").click()
    page.get_by_text("1 项任务已于").wait_for(timeout=60_000)
    lead.look()
    page.get_by_role("button", name="撤销本次延期").click()
    page.get_by_text("1 项任务恢复了原期限").wait_for(timeout=60_000)
    lead.look()
