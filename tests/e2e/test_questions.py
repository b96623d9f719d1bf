"""The ten questions of docs/questions.md, each answered in at most three clicks or one search from home."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
MOST_CLICKS = 3


class Asking:
    """Somebody at home with a question: counts what is clicked."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page, self.clicks = visitor, visitor.page, 0

    def click(self, link: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        self.visitor.follow(link)

    def go(self, entry: str) -> None:
        self.click(self.page.locator(".sidenav").get_by_role("link", name=entry))

    def tab(self, name: str) -> None:
        self.click(self.page.locator(".tabs").get_by_role("link", name=name))

    def narrow(self, filter_name: str, value: str) -> None:
        """Leaving the field filters already: once the address says so and htmx has settled, the page can be read."""
        field = self.page.get_by_label(filter_name)
        field.fill(value)
        with self.page.expect_navigation():
            field.press("Tab")
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
        self.visitor.look()

    def search(self, words: str) -> None:
        assert self.clicks == 0
        self.page.keyboard.press("Control+k")
        self.page.keyboard.type(words)


@pytest.fixture(scope="module")
def signed_in(browser, portal) -> Iterator[dict[str, Visitor]]:
    """Each person signs in once, for all their questions."""
    accounts = {name: f"{name}.example" for name in ("supervisor@shanghai", "lead@csrc", "cio@sec01")}
    visitors = {name: Visitor(browser, portal, account, "zh-hans") for name, account in accounts.items()}
    yield visitors
    for visitor in visitors.values():
        visitor.close()


@pytest.fixture
def at_home(signed_in):
    def go_home(name: str) -> Asking:
        signed_in[name].open("/")
        return Asking(signed_in[name])

    return go_home


def count(page: Page) -> int:
    return int(re.search(r"\d+", page.locator(".filter-count").inner_text()).group())


def test_1_late_futures_companies_of_a_section_and_in_june(at_home):
    asking = at_home("supervisor@shanghai")
    page = asking.page
    asking.click(page.locator(".chart-heat a[href*='theme=5'][href*='kind=futures']"))
    late = count(page)
    assert late == page.locator("tbody tr").count() > 0
    asking.narrow("逾期超过（天）", "30")
    assert "late=30" in page.url and count(page) < late
    asking.click(page.get_by_role("link", name="态势与对比"))
    assert "theme=5" in page.url and "kind=futures" in page.url
    expect(page.locator(".dashboard-days")).to_contain_text(re.compile(r"对比日 \d{4}-(06-30|12-31)"))
    expect(page.get_by_role("heading", name="逾期时长：按机构类别")).to_be_visible()
    expect(page.get_by_text("31–90 天").first).to_be_visible()


def test_2_the_task_that_fails(at_home):
    asking = at_home("lead@csrc")
    asking.go("态势")
    expect(asking.page.get_by_text("哪项任务最滞后")).to_be_visible()


def test_3_better_or_worse(at_home):
    asking = at_home("lead@csrc")
    asking.go("态势")
    expect(asking.page.locator(".stats")).to_contain_text(re.compile("对比日 .*(好转|变差|未变)"))


def test_4_the_worst_region_and_its_overdue_work(at_home):
    asking = at_home("lead@csrc")
    asking.go("态势")
    asking.tab("地区")
    asking.click(asking.page.locator(".chart-tiles a[href*='region=']").first)
    assert "/explore/assignments/" in asking.page.url and count(asking.page) > 0


def test_5_where_verdicts_take_longest(at_home):
    page = at_home("lead@csrc").page
    table = page.get_by_role("table", name="各监管单位的审核工作")
    expect(table.get_by_role("columnheader", name="用时中位数（天）")).to_be_visible()
    expect(table.get_by_role("row", name=re.compile("上海监管局"))).to_be_visible()


def test_6_what_to_judge_next(at_home):
    asking = at_home("supervisor@shanghai")
    asking.click(asking.page.locator(".card", has_text="待审核的报送").locator(".work-main > a").first)
    assert "/assessments/" in asking.page.url and "review" in asking.page.url


def test_7_a_firm_before_a_visit(at_home):
    asking = at_home("supervisor@shanghai")
    asking.search("示例期货有限公司")
    first = asking.page.get_by_role("option").first
    expect(first).to_contain_text("示例期货有限公司")
    asking.page.keyboard.press("ArrowDown")
    with asking.page.expect_navigation():
        asking.page.keyboard.press("Enter")
    asking.visitor.look()
    expect(asking.page.get_by_role("heading", level=1)).to_contain_text("示例期货有限公司")


def test_8_documents_that_speak_of_a_drill(at_home):
    asking = at_home("supervisor@shanghai")
    asking.search("演练")
    with asking.page.expect_navigation():
        asking.page.keyboard.press("Enter")
    asking.visitor.look()
    documents = asking.page.locator(".card", has=asking.page.get_by_role("heading", name="证明材料"))
    expect(documents.locator("mark", has_text="演练").first).to_be_visible()


def test_9_low_levels_and_the_answers_behind_them(at_home):
    asking = at_home("lead@csrc")
    asking.go("态势")
    asking.tab("成熟度")
    asking.click(asking.page.locator(".chart-frame a[href*='result=']").first)
    assert "/explore/requirements/" in asking.page.url and count(asking.page) > 0


def test_10_a_cio_against_plan_and_peers_and_what_waits(at_home):
    page = at_home("cio@sec01").page
    for words in ("待您签署", "按计划应完成", "同类中位数", "核对并签署"):
        expect(page.get_by_text(words).first).to_be_visible()
