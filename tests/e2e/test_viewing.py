"""Looking at what was signed, file by file, with the keys; and the log that the institution reads of it."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

FILE_PAGE = re.compile(r"/tasks/evidence/[0-9a-f-]{36}/\?")


def test_a_supervisor_steps_through_a_submission(visit):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    review = open_a_review_with_files(supervisor)
    with page.expect_response(lambda answer: "/file/" in answer.url) as sent:
        supervisor.follow(page.get_by_role("link", name="逐个查看").first)
    first = page.url
    assert FILE_PAGE.search(first)
    assert sent.value.status in (200, 304)  # the review may have shown it already
    expect(page.locator("[data-keys]")).to_be_visible()
    expect(page.locator(".walk [aria-current]")).to_have_count(1)

    step(supervisor, "j")
    second = page.url
    assert second != first
    step(supervisor, "k")
    assert page.url == first
    step(supervisor, "ArrowRight")
    assert page.url == second
    step(supervisor, "ArrowLeft")

    type_in_the_search_box(supervisor, "judk")
    assert page.url == first

    with page.expect_download() as download:
        page.keyboard.press("d")
    assert download.value.suggested_filename == page.locator("h1").inner_text().split("\n")[0].strip()
    step(supervisor, "u")
    assert page.url == review
    supervisor.follow(page.get_by_role("link", name="逐个查看").first)
    step(supervisor, "Escape")
    assert page.url == review


SIGNED_PDF = """
from tasks.models import Evidence
signed = Evidence.objects.filter(frozen_at__isnull=False, stored__content_type="application/pdf")
print(signed.filter(institution__memberships__user__email="cio@sec01.example").first().get_absolute_url())
"""


def test_a_pdf_is_seen_in_the_page_and_its_institution_reads_who_looked(visit, portal):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    supervisor.open(portal.manage("shell", "-v0", "-c", SIGNED_PDF).strip())
    supervisor.look(closely=True)
    paper_is_seen(page.locator("iframe.document-frame"))
    name = page.title().split(" – ")[0].strip()

    cio = visit("cio@sec01.example")
    cio.open("/tasks/evidence/accesses/")
    cio.look(closely=True)
    row = cio.page.locator("tbody tr").first.inner_text()
    assert "中国证监会上海监管局" in row and name in row and "127.0.0.1" in row


def open_a_review_with_files(supervisor: Visitor) -> str:
    """The first submission of the queue in which two files or more were signed. Returns its address."""
    supervisor.open("/assessments/reviews/?type=submission")
    for href in [link.get_attribute("href") for link in supervisor.page.locator("tbody a").all()]:
        supervisor.open(href)
        if supervisor.page.get_by_role("link", name="逐个查看").count() > 1:
            return supervisor.page.url
    raise AssertionError("no submission holds two files that are shown in the page")


def step(visitor: Visitor, key: str) -> None:
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press(key)
    visitor.look()


def type_in_the_search_box(visitor: Visitor, text: str) -> None:
    visitor.page.keyboard.press("Control+k")
    visitor.page.keyboard.type(text)
    visitor.page.keyboard.press("Escape")


def paper_is_seen(frame: Locator) -> None:
    """The viewer draws in a process of its own: what counts is white paper with ink on it."""
    for _attempt in range(40):
        picture = Image.open(io.BytesIO(frame.screenshot())).convert("L")
        shades = picture.histogram()
        if sum(shades[250:]) > 0.3 * picture.width * picture.height and sum(shades[100:200]):
            return
        frame.page.wait_for_timeout(250)
    raise AssertionError("the frame shows no page of the document")
