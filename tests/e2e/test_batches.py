"""A set of reports for several institutions: asked for, stopped, gone on with, and packed."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]


def test_a_batch_is_cancelled_and_made_after_all(visit):
    lead = visit("lead@csrc.example")
    page = lead.page
    lead.open("/reports/")
    lead.press("导出报告合集")
    page.select_option("select[name=kind]", "core")
    lead.press("生成报告合集")
    assert page.locator("main progress").count() == 1
    lead.press("取消生成")
    assert page.get_by_text("已取消").count() >= 1
    lead.press("重新生成未完成的报告")
    # Workers make the rest; the page shows how far they are, and the file once it is packed.
    page.get_by_role("link", name="下载 ZIP").wait_for(timeout=120_000)
    lead.look(closely=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 ZIP").click()
    assert download.value.suggested_filename.endswith(".zip")
