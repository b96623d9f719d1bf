"""Pictures of the main pages, into `docs/img/`; what `script/screenshots` runs.

python -m tests.e2e.screenshots [DIRECTORY]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import launch_options
from tests.e2e.running import ROOT, Portal, running_portal

CONTRIBUTOR, CIO, SUPERVISOR = "contributor@sec01.example", "cio@sec01.example", "supervisor@shanghai.example"
LEAD = "lead@csrc.example"
PHONE, DESK = 390, 1440


def first_link(selector: str) -> Callable[[Page], None]:
    def follow(page: Page) -> None:
        with page.expect_navigation():
            page.locator(selector).first.click()

    return follow


def with_document(selector: str) -> Callable[[Page], None]:
    def follow(page: Page) -> None:
        first_link(selector)(page)
        page.wait_for_timeout(2000)  # the browser's viewer of PDF tells nobody when it is done

    return follow


def evidence_page(page: Page) -> None:
    """What the first file says, from the library through the file's page."""
    first_link("main tbody td.main a")(page)
    with_document(".page-action a[href^='/tasks/evidence/']")(page)


def first_unanswered(page: Page) -> None:
    first_link("main td.main a")(page)
    page.goto(page.url.rstrip("/") + "/hand-in/")
    page.goto(page.locator(".lacking-list a").first.get_attribute("href").split("#")[0])


class Picture(NamedTuple):
    """One page as one person sees it; `then` leads on from `path`."""

    name: str
    account: str
    path: str
    language: str = "zh-hans"
    width: int = DESK
    then: Callable[[Page], None] | None = None


PICTURES = [
    Picture("my-tasks", CONTRIBUTOR, "/tasks/"),
    Picture("my-tasks-phone", CONTRIBUTOR, "/tasks/", width=PHONE),
    Picture("task", CONTRIBUTOR, "/tasks/?state=in_progress", then=first_link("main tbody a")),
    Picture("library", CONTRIBUTOR, "/files/?q=应急演练"),
    Picture("evidence", CONTRIBUTOR, "/files/?use=signed", then=evidence_page),
    Picture("self-assessment", CONTRIBUTOR, "/assessments/", then=first_unanswered),
    Picture("sign", CIO, "/", then=first_link("main a[href$='/sign/']")),
    Picture("review", SUPERVISOR, "/assessments/reviews/", then=with_document("main td.main a")),
    Picture("supervisor-home", SUPERVISOR, "/"),
    Picture("supervisor-home-en", SUPERVISOR, "/", language="en"),
    Picture("reminder-rules", SUPERVISOR, "/plan/csf-2014/reminders/"),
    Picture("calendar", CONTRIBUTOR, "/calendar/"),
    Picture("explorer", SUPERVISOR, "/explore/assignments/?overdue=1"),
    Picture(
        "institution-profile", SUPERVISOR, "/explore/institutions/?kind=futures", then=first_link("main td.main a")
    ),
]
# Every dashboard, on a desk and on a phone.
DASHBOARDS = {
    "home-lead": (LEAD, "/"),
    "home-cio": (CIO, "/"),
    "home-contributor": (CONTRIBUTOR, "/"),
    "dashboard-overview": (LEAD, "/dashboard/"),
    **{f"dashboard-{tab}": (LEAD, f"/dashboard/{tab}/") for tab in ("progress", "heat", "institutions", "regions")},
    "dashboard-maturity": (LEAD, "/dashboard/maturity/"),
}
PICTURES += [Picture(name, account, path) for name, (account, path) in DASHBOARDS.items()]
PICTURES += [Picture(f"{name}-phone", account, path, width=PHONE) for name, (account, path) in DASHBOARDS.items()]


class Paper(NamedTuple):
    """One report as one person asks for it on `path`; a picture of page `page` in both languages, others in Chinese."""

    kind: str
    account: str
    path: str
    page: int
    others: dict[str, int] = {}
    then: Callable[[Page], None] | None = None

    @property
    def pictures(self) -> dict[str, dict[str, int]]:
        """Names with page numbers, by language."""
        return {"zh-hans": {f"{self.kind}-zh": self.page, **self.others}, "en": {f"{self.kind}-en": self.page}}


def report_form(page: Page) -> None:
    """From the rounds of self-assessment to the form for a report on the last that was signed."""
    first_link("main a[href$='/score/']:text-matches('[0-9]')")(page)
    page.goto(page.url.removesuffix("score/"))
    first_link("main a[href*='/reports/self-assessments/']")(page)


PAPERS = [
    Paper("status", CIO, "/reports/", 3, {"modern-cover": 1, "modern-contents": 2}),
    Paper("assessment", CIO, "/assessments/", 2, then=report_form),
    Paper("supervisory", LEAD, "/reports/?kind=supervisory", 4, {"official-cover": 1, "official-contents": 2}),
    Paper("task", LEAD, "/reports/?kind=task&plan=csf-2014&task=13", 3),
]


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from tests.e2e.visitor import Visitor

    with (
        running_portal() as portal,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch_options()) as browser,
    ):
        for picture in PICTURES:
            take(browser, portal, picture, directory, Visitor)
        for paper in PAPERS:
            for language, pages in paper.pictures.items():
                report_pages(Visitor(browser, portal, paper.account, language), directory, paper, pages)


def take(browser: Browser, portal: Portal, picture: Picture, directory: Path, visitor_class) -> None:
    visitor = visitor_class(browser, portal, picture.account, picture.language)
    page = visitor.page
    page.set_viewport_size({"width": picture.width, "height": 844 if picture.width == PHONE else 900})
    page.goto(picture.path)
    if picture.then:
        picture.then(page)
    page.screenshot(path=directory / f"{picture.name}.png")
    visitor.close()


def report_pages(reader, directory: Path, paper: Paper, numbers: dict[str, int]) -> None:
    """Pages of the PDF, in few colours, for they are mostly paper."""
    page = reader.page
    page.goto(paper.path)
    if paper.then:
        paper.then(page)
    with page.expect_navigation():
        page.locator("main .request-form button.btn-primary").click()
    link = page.locator("a[href$='/file/']").first
    link.wait_for(timeout=120_000)
    with tempfile.TemporaryDirectory() as folder, page.expect_download() as download:
        link.click()
        file = Path(folder, "report.pdf")
        download.value.save_as(file)
        for name, number in numbers.items():
            picture_page(file, number, directory / f"report-{name}.png")
    reader.close()


def picture_page(file: Path, number: int, picture: Path) -> None:
    command = [
        "pdftoppm",
        "-png",
        "-singlefile",
        "-r",
        "80",
        "-f",
        str(number),
        str(file),
        str(picture.with_suffix("")),
    ]
    subprocess.run(command, check=True)
    with Image.open(picture) as drawn:
        drawn.quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img")
