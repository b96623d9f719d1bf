"""A lead supervisor composes a report, is told what may not be in it, reads the preview, and approves it."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]


def test_composing_previewing_and_approving(visit):
    lead = visit("lead@csrc.example")
    page = lead.page
    lead.open("/reports/")
    lead.press("编制报告")
    lead.press("新建报告")
    lead.press("开始编制")

    page.fill("#id_title", "第三季度监管进展报告")
    page.fill("#id_prefix", "证监信息")
    page.fill("#id_opening", "## 特点\n\n- **验收率**上升\n\n<b>坏</b>")
    page.uncheck("#id_include-institutions")
    page.fill("#id_order-regions", "1")
    page.fill("#id_order-summary", "2")
    lead.press("保存并预览")
    assert "<b>" in page.locator(".error-summary").inner_text()
    page.fill("#id_opening", page.input_value("#id_opening").replace("<b>坏</b>", ""))
    lead.press("保存并预览")

    preview = page.frame_locator("iframe.preview")
    preview.get_by_role("heading", name="特点").wait_for()
    heads = preview.locator("main h2").all_inner_texts()
    assert heads[:2] == ["综述", "各地区进展"]
    assert "附表：各机构进展" not in heads
    lead.look(closely=True)

    page.set_viewport_size({"width": 390, "height": 844})
    lead.press("批准…")
    assert "不能撤销" in page.locator(".decision").inner_text()
    lead.press("批准", within=".decision")
    assert "证监信息〔" in page.locator("header.page-head").inner_text()
    lead.follow(page.locator("main").get_by_role("link", name="证监信息〔"))
    page.get_by_text("报告已生成").wait_for()
