"""What a page weighs in a real browser that has nothing in its cache."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, sync_playwright

from assessments.models import SelfAssessment
from portal.accounts.models import User
from tasks.models import Assignment, Submission
from tests.bench.databases import ROOT, SMALL, Bench
from tests.bench.figures import figure
from tests.e2e.running import free_port

KILOBYTE = 1000


@figure("page_weight_kb", unit="kB", at_most=150)
def page_weight_kb(bench: Bench) -> float:
    """All that a cold cache transfers, headers too, for the heaviest of the main pages."""
    database = bench.demo(SMALL)
    with bench.using(database):
        pages = _pages()
    weights = {}
    with _portal(bench, database) as address, sync_playwright() as playwright:
        browser = _browser(playwright)
        for name, (email, path) in pages.items():
            weights[name] = _weight(browser, address, email, path)
            bench.say(f"  {name}: {weights[name] / KILOBYTE:.0f} kB")
        browser.close()
    return max(weights.values()) / KILOBYTE


def _pages() -> dict[str, tuple[str, str]]:
    """Who opens which page."""
    contributor, supervisor = "contributor@sec01.example", "supervisor@shanghai.example"
    own = Assignment.objects.visible_to(User.objects.get(email=contributor)).filter(state="in_progress")
    scope = User.objects.get(email=supervisor)
    submission = Submission.objects.supervised_by(scope).filter(assignment__state="submitted").first()
    self_assessment = SelfAssessment.objects.supervised_by(scope).filter(state="submitted").first()
    return {
        "home of an institution": (contributor, reverse("home")),
        "home of a supervisor": (supervisor, reverse("home")),
        "dashboard": ("lead@csrc.example", reverse("dashboard:overview")),
        "dashboard, institutions": ("lead@csrc.example", reverse("dashboard:institutions")),
        "task list": (contributor, reverse("tasks:list")),
        "task list of a supervisor": (supervisor, reverse("explorer:assignments")),
        "task": (contributor, own.first().get_absolute_url()),
        "review of a submission": (supervisor, reverse("assessments:review_submission", args=[submission.pk])),
        "review of a self-assessment": (
            supervisor,
            reverse("assessments:review_self_assessment", args=[self_assessment.pk]),
        ),
    }


@contextmanager
def _portal(bench: Bench, database: str) -> Iterator[str]:
    """The portal as it is served, on that database."""
    port = free_port()
    environment = os.environ | {"DATABASE_URL": bench.url(database), "PORT": str(port)}
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + reverse("account_login"))
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def _wait_for(url: str) -> None:
    for _attempt in range(100):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer")


def _browser(playwright) -> Browser:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=found, args=arguments)


def _weight(browser: Browser, address: str, email: str, path: str) -> int:
    """Bytes on the wire for one page, evidence shown inside it left out: that is the reader's file, not the page."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(address + reverse("account_login"))
    page.fill("[name=login]", email)
    page.fill("[name=password]", settings.DEMO_PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_load_state()
    cookies = context.cookies()
    context.close()

    context = browser.new_context(locale="zh-CN")
    context.add_cookies(cookies)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    urls: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.requestWillBeSent", lambda event: urls.setdefault(event["requestId"], event["request"]["url"]))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    response = page.goto(address + path)
    page.wait_for_load_state("networkidle")
    if response is None or response.status != 200:
        raise RuntimeError(f"{path} answered {response and response.status}")
    context.close()
    return sum(int(size) for request, size in sizes.items() if "/evidence/" not in urls.get(request, ""))
