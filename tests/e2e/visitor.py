"""One person at a browser: signs in, and looks at every page as a careful reader would."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import gettext, override
from playwright.sync_api import Browser, Locator, Page

from tests.e2e.running import PASSWORD, Portal

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Words of the frame, not of the data: these must be in the reader's language.
FRAME = "h1, h2, nav, button, th, label:not(.file-choice label), legend, .purpose, .footer, .btn"
# Without it, axe tells of each element in the page which rules it keeps.
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
# Names, titles and texts that people or institutions wrote stay in the language they were written in.
WRITTEN = re.compile(r"“[^”]*”|《[^》]*》|简体中文")
# The browser mentions a 4xx, the answer to a refused upload; htmx, what was on its way when one left the page.
EXPECTED = re.compile(r"status of 4|htmx:sendAbort|htmx:afterRequest")


class Visitor:
    """Signed in as `account`, reading in `language`; every page opened is checked."""

    def __init__(self, browser: Browser, portal: Portal, account: str, language: str) -> None:
        self.portal, self.account, self.language = portal, account, language
        self.context = browser.new_context(base_url=portal.url, viewport={"width": 1440, "height": 900})
        self.context.add_cookies([{"name": "django_language", "value": language, "url": portal.url}])
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._sign_in()

    def _sign_in(self) -> None:
        """Once for all tests: the session that another visitor of this account began is still good."""
        if cookies := self.portal.sessions.get(self.account):
            self.context.add_cookies(cookies)
            self.open("/")
            return
        self.page.goto("/accounts/login/")
        self.page.fill("input[name=login]", self.account)
        self.page.fill("input[name=password]", PASSWORD)
        self.follow(self.page.locator("main button[type=submit]"))
        self.portal.sessions[self.account] = [
            cookie for cookie in self.context.cookies() if cookie["name"] == "sessionid"
        ]

    def _hear(self, message) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            self.complaints.append(message.text)

    def say(self, message: str, **values: object) -> str:
        """A message of the catalogue in the reader's language."""
        with override(self.language):
            return gettext(message) % values if values else gettext(message)

    def open(self, path: str) -> None:
        response = self.page.goto(path)
        assert response.status == 200, f"{path}: {response.status}"
        self.look()

    def follow(self, link: Locator) -> None:
        with self.page.expect_navigation():
            link.click()
        self.look()

    def press(self, message: str, within: str = "main") -> None:
        """Press the button or link of that name, and look at where it leads."""
        wanted = self.page.locator(within).locator("button, a").filter(has_text=self.say(message))
        self.follow(wanted.last)

    def look(self, closely: bool = False) -> None:
        """Nothing crooked: no overflow, no complaint of the browser, one language; and, `closely` or the first time
        that this account sees a page of this kind in this width, no serious axe violation."""
        page = self.page
        kind = re.sub(r"[0-9a-f-]{36}|\d+", "…", page.url)
        sight = (self.account, page.viewport_size["width"], kind)
        if closely or sight not in self.portal.seen:
            self.portal.seen.add(sight)
            self._is_accessible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} overflows"
        assert not self.complaints, f"{page.url}: {self.complaints}"
        assert page.locator("html").get_attribute("lang").lower() == self.language, page.url
        if self.language == "en":
            self._reads_english()

    def _is_accessible(self) -> None:
        serious = [
            f"{violation['id']}: {node['html']}"
            for violation in Axe().run(self.page, options=ONLY_VIOLATIONS).response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        assert not serious, f"{self.page.url}: {serious}"

    def _reads_english(self) -> None:
        for text in self.page.locator(FRAME).all_inner_texts():
            assert not CHINESE.search(WRITTEN.sub("", text)), f"{self.page.url}: {text}"

    def close(self) -> None:
        self.context.close()
