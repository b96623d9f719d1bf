"""What several paths through the portal have in common."""

from __future__ import annotations

import re

from tests.e2e.running import PASSWORD
from tests.e2e.visitor import Visitor


def hand_in(contributor: Visitor, path: str) -> None:
    """Once is enough: the second click of an impatient person does nothing."""
    contributor.open(path.rstrip("/") + "/hand-in/")
    assert not contributor.page.locator(".lacking-list a").all_inner_texts()
    contributor.page.locator("main form button[type=submit]").dblclick()
    contributor.page.wait_for_url(re.compile(r"^(?!.*hand-in)"))
    contributor.look()
    assert contributor.say("待签署") in contributor.page.locator("header.page-head").inner_text()


def answer_everything(contributor: Visitor) -> None:
    page = contributor.page
    for choice in page.locator("main form[data-autosave] fieldset").all():
        if choice.locator("input[type=radio]").count() and not choice.locator("input:checked").count():
            choice.locator("input[type=radio]").first.check()
    for name, value in (("numerator", "１２５"), ("denominator", "1,000")):
        for field in page.locator(f"input[name^={name}_]").all():
            field.fill(value)
    for text in page.locator("main form[data-autosave] textarea:visible").all():
        if not text.input_value():
            text.fill("制度已发布并执行，记录完整。")
    for name, value in (("measure_owner", "王五"), ("measure_due_on", "2099-12-31")):
        for field in page.locator(f"input[name^={name}_]:visible").all():
            field.fill(value)
    for box in page.locator("main form[data-autosave] input[type=checkbox]:visible").all()[:1]:
        box.check()
    confirm = page.locator("button[name=confirm][value=all]")
    contributor.follow(confirm if confirm.count() else page.locator("button[name=then][value=stay]"))
    assert not page.locator(".has-error").count()


def sign(cio: Visitor, path: str) -> None:
    cio.open(path.rstrip("/") + "/sign/")
    cio.page.locator("input[name=password]").fill(PASSWORD)
    cio.follow(cio.page.locator("form:has(input[name=seen_sha256]) button[type=submit]"))
    assert cio.say("已报送") in cio.page.locator("header.page-head").inner_text()
