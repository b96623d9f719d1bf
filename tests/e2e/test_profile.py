"""A supervisor looks an institution up before a visit, and takes the page along on paper."""

from io import BytesIO

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

FIRM = "示例证券有限公司"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_from_the_list_to_two_sheets_of_paper(visit, language):
    supervisor = visit("supervisor@shanghai.example", language)
    page = supervisor.page
    supervisor.open(f"/institutions/?q={FIRM}")
    supervisor.follow(page.locator("main tbody tr td.main a").first)
    for section in ("各主题进展", "得分与同类机构", "未办结事项", "逾期与退回", "证明材料", "人员", "往来"):
        expect(page.get_by_role("heading", name=supervisor.say(section), exact=True)).to_be_visible()
    page.evaluate("window.print = () => document.body.dataset.printed = 'yes'")
    page.get_by_role("button", name=supervisor.say("打印")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("body[data-printed=yes]")).to_have_count(1)
    assert len(PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages) <= 2
    page.set_viewport_size({"width": 390, "height": 844})
    supervisor.look(closely=True)
    supervisor.follow(page.locator(".profile a[href^='/tasks/requests/']").first)
