"""A supervisor looks for what is late, chooses what to see, shares the view, and takes the rows along as a file."""

import pytest

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]


def test_looking_sharing_and_exporting(visit):
    supervisor = visit("supervisor@shanghai.example")
    supervisor.open("/explore/assignments/")
    page, all_rows = supervisor.page, _count(supervisor)

    page.locator(".check-menu summary").first.click()
    page.check("input[name=state][value=returned]")
    page.wait_for_url("**/explore/assignments/?state=returned")
    page.check("input[name=state][value=submitted]")
    page.wait_for_url("**/explore/assignments/?state=submitted&state=returned")
    assert 0 < _count(supervisor) < all_rows, "the count follows the filters"
    assert page.locator(".chip", has_text="已退回").count() == 1
    supervisor.look(closely=True)

    page.check("[data-select-all]")
    assert page.locator("[data-selected]").inner_text() == f"已选 {page.locator('tbody tr').count()} 项"

    page.locator(".columns-menu summary").click()
    page.uncheck("input[name=column][value=region]")
    page.check("input[name=column][value=days_late]")
    supervisor.press("应用", within=".columns-menu")
    heads = page.locator("thead").inner_text()
    assert "逾期天数" in heads
    assert "地区" not in heads

    page.locator(".save-view summary").click()
    page.fill("#view-name", "已签署的")
    page.check("#view-shared")
    supervisor.press("保存", within=".save-view")
    assert page.locator(".saved-view a[aria-current]").inner_text().startswith("已签署的")

    found = _count(supervisor)
    supervisor.press("导出", within=".list-tools")
    page.get_by_text("查询结果已导出").wait_for()
    assert str(found) in page.locator("main .facts").inner_text()


def _count(supervisor: Visitor) -> int:
    return int("".join(filter(str.isdigit, supervisor.page.locator(".filter-count").inner_text())))
