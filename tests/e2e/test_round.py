"""The full round between institution and supervisor, in a real browser: from the opening of a cycle to the next."""

import datetime
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.e2e.running import Portal
from tests.e2e.steps import answer_everything, hand_in, sign
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-round")]

FIRM = "sec01"
REASON = "请补充正式印发的制度。"
REPLY = "已补充印发的制度，见说明。"


# The browser shows how tasks are answered by four of them; the others take as long, and show nothing more.
ANSWERED_BY_HAND = 4
ANSWER_THE_REST = """
from assessments.actions.answers import save_answers
from assessments.answers import asked_by
from assessments.completeness import completely_answered
from assessments.models import SelfAssessment
from portal.accounts.models import User
from tests.assessments.world import draft
filled_in = SelfAssessment.objects.get(pk={pk})
done = completely_answered(filled_in)
revisions = dict(filled_in.answers.values_list("requirement", "revision"))
rest = [requirement for requirement in asked_by(filled_in) if requirement.pk not in done]
save_answers(
    self_assessment=filled_in,
    drafts={{one.pk: draft(one, revision=revisions.get(one.pk, 0)) for one in rest}},
    by=User.objects.get(email="{email}"),
)
"""


def test_from_one_cycle_to_the_next(visit, portal):
    lead, supervisor = visit("lead@csrc.example"), visit("supervisor@shanghai.example")
    contributor, liaison = visit(f"contributor@{FIRM}.example"), visit(f"liaison@{FIRM}.example")
    cio = visit(f"cio@{FIRM}.example")

    open_cycle(lead, "一轮年度自评", ends_in_years=1)
    first = fill_in_by_two(contributor, liaison, "一轮年度自评", portal)
    hand_in(liaison, first)
    sign(cio, first)

    returned = return_one(supervisor, first)
    second = reply_to_the_reason(contributor, returned)
    hand_in(contributor, second)
    sign(cio, second)
    see_the_difference(supervisor, second)
    accept(supervisor, second)

    rectification = ask_for_rectification(supervisor, second)
    answer_rectification(contributor, rectification)
    close_rectification(supervisor, rectification)

    open_cycle(lead, "二轮年度自评", ends_in_years=2)
    find_last_answers(contributor, "二轮年度自评")


def open_cycle(lead: Visitor, title: str, ends_in_years: int) -> None:
    """A year that ends later than the demo's rounds, or the one after; each institution gets its self-assessment."""
    page, today = lead.page, timezone.localdate()
    ends_on = today + datetime.timedelta(days=365 * ends_in_years)
    lead.open("/assessments/open/")
    page.select_option("#id_kind", "year")
    page.fill("#id_title", title)
    page.fill("#id_title_en", "A yearly round")
    dates = {
        "period_starts_on": ends_on - datetime.timedelta(days=364),
        "period_ends_on": ends_on,
        "opens_on": today,
        "due_on": today + datetime.timedelta(days=30),
    }
    for name, day in dates.items():
        page.fill(f"#id_{name}", day.isoformat())
    lead.follow(page.locator("main form button[type=submit]"))
    assert title in page.locator("main").inner_text()


def the_draft_of(person: Visitor, title: str) -> str:
    person.open("/assessments/")
    person.follow(person.page.locator("main tbody a").filter(has_text=title))
    return person.page.url


def fill_in_by_two(one: Visitor, other: Visitor, title: str, portal: Portal) -> str:
    """They take turns, and find by the links of what is missing where to go on."""
    address = the_draft_of(one, title)
    one.open(address.rstrip("/") + "/hand-in/")
    links = one.page.locator(".lacking-list a").all()
    tasks = list(dict.fromkeys(link.get_attribute("href").split("#")[0] for link in links))
    for number, task in enumerate(tasks[:ANSWERED_BY_HAND]):
        person = other if number % 2 else one
        person.open(task)
        answer_everything(person)
    number = re.search(r"/(\d+)/$", address)[1]
    portal.manage("shell", "-v0", "-c", ANSWER_THE_REST.format(pk=number, email=other.account))
    other.open(address.rstrip("/") + "/hand-in/")
    assert not other.page.locator(".lacking-list a").count()
    return address


def review_of(supervisor: Visitor, address: str) -> None:
    number = re.search(r"/(\d+)/$", address)[1]
    supervisor.open(f"/assessments/reviews/self-assessments/{number}/")


def return_one(supervisor: Visitor, address: str) -> str:
    """One requirement is returned with a reason; the draft is the reviewer's own until it is sent."""
    page = supervisor.page
    review_of(supervisor, address)
    requirement = page.locator("[data-requirement]").nth(1)
    requirement.locator("input[value=returned]").check()
    requirement.locator("textarea").fill(REASON)
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=10_000)
    supervisor.follow(page.locator("button[value=returned]"))
    review_of(supervisor, address)
    assert REASON in page.locator("main").inner_text()
    return address


def reply_to_the_reason(contributor: Visitor, returned: str) -> str:
    """The next version has opened; what was returned asks for an answer, and is handed in only with one."""
    page = contributor.page
    contributor.open(returned)
    contributor.follow(page.get_by_role("link", name=contributor.say("查看第 %(number)s 版", number=2)))
    address = page.url
    contributor.open(address.rstrip("/") + "/hand-in/")
    contributor.follow(page.locator(".lacking-list a").first)
    assert REASON in page.locator("main").inner_text()
    page.locator("textarea[name^=reply_]").fill(REPLY)
    contributor.follow(page.locator("button[name=then][value=stay]"))
    return address


def see_the_difference(supervisor: Visitor, address: str) -> None:
    page = supervisor.page
    review_of(supervisor, address)
    supervisor.follow(page.get_by_role("link", name="与上一版比较").first)
    text = page.locator("main").inner_text()
    assert REASON in text
    assert REPLY in text


def accept(supervisor: Visitor, address: str) -> None:
    review_of(supervisor, address)
    assert REPLY in supervisor.page.locator("main").inner_text()
    supervisor.follow(supervisor.page.locator("button[value=accepted]"))
    review_of(supervisor, address)
    assert supervisor.say("已验收") in supervisor.page.locator("header.page-head").inner_text()


def ask_for_rectification(supervisor: Visitor, address: str) -> str:
    page = supervisor.page
    review_of(supervisor, address)
    supervisor.follow(page.get_by_role("link", name="就这项要求提出整改").first)
    if not page.locator("#id_title").input_value():
        page.fill("#id_title", "补齐制度的签发记录")
    page.fill("#id_text", "请补齐签发记录。")
    page.fill("#id_deadline", (timezone.localdate() + datetime.timedelta(days=20)).isoformat())
    supervisor.press("提出整改事项", within="main form")
    return page.url


def answer_rectification(contributor: Visitor, address: str) -> None:
    contributor.open(address)
    contributor.page.fill("#id_answer-text", "签发记录已补齐。")
    contributor.press("提交结果")
    assert contributor.say("待核验") in contributor.page.locator("header.page-head").inner_text()


def close_rectification(supervisor: Visitor, address: str) -> None:
    supervisor.open(address)
    supervisor.page.fill("#id_close-text", "核验通过。")
    supervisor.press("办结", within="main form")
    assert supervisor.say("已办结") in supervisor.page.locator("header.page-head").inner_text()


def find_last_answers(contributor: Visitor, title: str) -> None:
    """The next round begins with what was accepted, marked 沿用 until somebody confirms it."""
    page = contributor.page
    the_draft_of(contributor, title)
    marks = page.locator("main tbody .state").filter(has_text="沿用")
    before = marks.count()
    assert before
    contributor.follow(page.locator("main tbody .group-row a").first)
    assert "一轮年度自评" in page.locator(".carried-over[data-carried-over]").first.inner_text()
    contributor.follow(page.locator("button[name=confirm][value=all]"))
    the_draft_of(contributor, title)
    assert marks.count() < before
