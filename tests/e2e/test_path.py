"""The portal's main job, as its people do it: real browser, web server, worker, database, mail."""

import json
import re
import subprocess
import urllib.request

import pytest
from playwright.sync_api import expect

from portal.clamd import EICAR
from tests.e2e.steps import answer_everything, hand_in, sign
from tests.e2e.visitor import Visitor
from tests.vault.samples import PDF

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200


def test_a_fresh_portal_is_well(portal):
    with urllib.request.urlopen(f"{portal.url}/healthz", timeout=10) as answer:
        assert set(json.load(answer).values()) == {"ok"}
    with urllib.request.urlopen(portal.url, timeout=10) as answer:
        assert answer.url.endswith("/accounts/login/?next=/")


def test_a_self_assessment_from_answers_to_acceptance(visit):
    """In English; tests/e2e/test_round.py goes the longer way in Chinese."""
    contributor = visit("contributor@fut01.example", "en")
    assessment = complete_the_self_assessment(contributor)
    sign(visit("cio@fut01.example", "en"), assessment)
    accept_the_self_assessment(visit("supervisor@shanghai.example", "en"), assessment)


@pytest.mark.parametrize(("firm", "language"), [("sec01", "zh-hans"), ("fut01", "en")])
def test_from_statement_to_acceptance(visit, portal, tmp_path, firm, language):
    contributor = visit(f"contributor@{firm}.example", language)
    task = fill_in_a_task(contributor)

    cio = visit(f"cio@{firm}.example", language)
    sign(cio, task)

    supervisor = visit("supervisor@shanghai.example", language)
    return_the_submission(supervisor, task, "附件未盖章，请补充正式印发的版本。")

    contributor.open(task)
    assert "附件未盖章" in contributor.page.locator(".requirement").first.inner_text()
    contributor.page.locator("textarea").first.fill("已补充正式印发的版本。")
    save(contributor)
    hand_in(contributor, task)
    sign(cio, task)
    accept_the_submission(supervisor, task)
    contributor.open(task)
    assert contributor.say("已验收") in contributor.page.locator("#task-state").inner_text()

    remind(contributor, portal, f"contributor@{firm}.example")
    export(cio, tmp_path, "任务落实情况报告")
    export(supervisor, tmp_path, "监管进展报告")


def fill_in_a_task(contributor: Visitor) -> str:
    """The first task in progress: statements, a refused file, good files, hand-in. Returns its address."""
    page = contributor.page
    contributor.open("/tasks/?state=in_progress")
    contributor.follow(page.locator("main tbody a").first)
    task = page.url
    for number, text in enumerate(page.locator("textarea").all()):
        text.fill(f"已制定制度并印发，第 {number + 1} 项按要求落实。")
    first = page.locator(".requirement").first
    refuse(contributor, first, "setup.pdf", PROGRAM)
    refuse(contributor, first, "empty.pdf", b"")
    assert page.locator("textarea").first.input_value().startswith("已制定制度"), "an upload's error took the text"
    quarantine(contributor, first)
    for requirement in page.locator(".requirement").all():
        files = requirement.locator(".evidence-files")
        before = files.locator("li").count()
        upload(requirement, "制度文件.pdf", PDF)
        files.locator("li").nth(before).wait_for()
    save(contributor)
    expect(page.locator(".files-waiting")).to_have_count(0, timeout=30_000)
    hand_in(contributor, task)
    return task


def quarantine(contributor: Visitor, requirement) -> None:
    """A file with malware in it: the scanner finds it, the page says so by itself, and it is withdrawn."""
    upload(requirement, "清单.txt", EICAR)
    row = requirement.locator(".file").filter(has_text="清单.txt")
    expect(row).to_contain_text(contributor.say("已隔离"), timeout=30_000)
    contributor.look(closely=True)
    contributor.page.once("dialog", lambda dialog: dialog.accept())
    row.locator("form button").click()
    expect(row).to_have_count(0)


def upload(requirement, name: str, content: bytes) -> None:
    requirement.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/pdf", "buffer": content}
    )


def refuse(contributor: Visitor, requirement, name: str, content: bytes) -> None:
    """The message stands beside the field and names the file."""
    upload(requirement, name, content)
    message = requirement.locator("[data-upload-error]").filter(has_text=name)
    message.wait_for()
    contributor.look(closely=True)


def save(contributor: Visitor) -> None:
    with contributor.page.expect_response(lambda response: response.request.method == "POST") as answer:
        contributor.page.locator(".save-bar button[type=submit]").click()
    assert answer.value.status == 200
    contributor.page.locator("#saved-state").get_by_text(re.compile(r"\d\d:\d\d")).wait_for()


def complete_the_self_assessment(contributor: Visitor) -> str:
    """Follow the links of what is missing until nothing is; evidence is ticked, not uploaded again."""
    page = contributor.page
    contributor.open("/assessments/")
    contributor.follow(page.locator("main tbody a, main .card a").first)
    assessment = page.url
    contributor.open(assessment.rstrip("/") + "/hand-in/")
    lacking = {link.get_attribute("href").split("#")[0] for link in page.locator(".lacking-list a").all()}
    for task in lacking:
        contributor.open(task)
        answer_everything(contributor)
    hand_in(contributor, assessment)
    return assessment


def find_in_queue(supervisor: Visitor, path: str) -> None:
    """By the task's page, as one comes from a list or a mail."""
    supervisor.open(path)
    supervisor.press("审核", within=".page-action")
    assert "/reviews/" in supervisor.page.url


def return_the_submission(supervisor: Visitor, task: str, reason: str) -> None:
    """Without a reason it is not returned, and what was typed stays."""
    page = supervisor.page
    find_in_queue(supervisor, task)
    page.locator("textarea[name=comment]").fill("请按理由补充。")
    supervisor.follow(page.locator("button[value=returned]"))
    supervisor.look(closely=True)
    assert page.locator("textarea[name=comment]").input_value() == "请按理由补充。"
    requirement = page.locator("[data-requirement]").first
    requirement.locator("input[value=returned]").check()
    requirement.locator("textarea").fill(reason)
    supervisor.follow(page.locator("button[value=returned]"))
    supervisor.open(task)
    assert supervisor.say("已退回") in page.locator("#task-state").inner_text()


def accept_the_submission(supervisor: Visitor, task: str) -> None:
    find_in_queue(supervisor, task)
    supervisor.follow(supervisor.page.locator("button[value=accepted]"))
    supervisor.open(task)
    assert supervisor.say("已验收") in supervisor.page.locator("#task-state").inner_text()


def accept_the_self_assessment(supervisor: Visitor, assessment: str) -> None:
    number = re.search(r"/(\d+)/$", assessment)[1]
    supervisor.open(f"/assessments/reviews/self-assessments/{number}/")
    supervisor.follow(supervisor.page.locator("button[value=accepted]"))
    supervisor.open(f"/assessments/reviews/self-assessments/{number}/")
    assert supervisor.say("已验收") in supervisor.page.locator("header.page-head").inner_text()


def remind(contributor: Visitor, portal, address: str) -> None:
    """Reminders of the day are in the inbox and in the mail, and a second run adds none."""
    portal.manage("send_reminders")
    contributor.open("/inbox/")
    count = contributor.page.locator("main li, main tbody tr").count()
    assert count
    portal.manage("send_reminders")
    contributor.open("/inbox/")
    assert contributor.page.locator("main li, main tbody tr").count() == count
    for _ in range(100):
        if portal.mailbox.to(address):
            break
        contributor.page.wait_for_timeout(1000)
    mails = portal.mailbox.to(address)
    assert any(portal.url in mail.get_body(("plain",)).get_content() for mail in mails)


def export(reader: Visitor, tmp_path, title: str) -> None:
    """Ask for the PDF, wait on its page, download it, and find its Chinese text."""
    page = reader.page
    reader.open("/reports/")
    page.locator("main form:has(select[name=language]) select[name=language]").select_option("zh-hans")
    reader.follow(page.locator("main form:has(select[name=language]) button.btn-primary"))
    download_link = page.locator("a[href$='/file/']").first
    download_link.wait_for(timeout=120_000)
    reader.look()
    with page.expect_download() as download:
        download_link.click()
    file = tmp_path / "report.pdf"
    download.value.save_as(file)
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True).stdout
    assert title in text
    assert "示例" in text


def test_every_cell_of_the_heat_map_leads_to_as_many_tasks(visit):
    supervisor = visit("supervisor@shanghai.example")
    page = supervisor.page
    supervisor.open("/")
    cells = page.locator("svg a[href*='theme=']")
    assert cells.count() >= 15
    for index in (0, 1, cells.count() - 1):
        supervisor.open("/")
        cell = page.locator("svg a[href*='theme=']").nth(index)
        figure = int(re.search(r"\d+", cell.locator("text").first.text_content())[0])
        supervisor.open(cell.get_attribute("href"))
        assert page.locator(".filter-count").inner_text() == f"共 {figure} 条"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("account", "paths"),
    [
        ("liaison@sec01.example", ["/", "/people/", "/settings/", "/account/tokens/"]),
        ("contributor@sec01.example", ["/", "/tasks/", "/files/", "/assessments/", "/plan/", "/inbox/"]),
        ("cio@sec01.example", ["/", "/tasks/?state=awaiting_signature", "/reports/"]),
        (
            "supervisor@shanghai.example",
            ["/", "/explore/assignments/", "/assessments/reviews/", "/explore/institutions/", "/assessments/"],
        ),
        (
            "lead@csrc.example",
            ["/", "/assessments/open/", "/reports/", "/plan/", "/people/", "/assessments/reviews/proposals/"],
        ),
        ("observer@csrc.example", ["/", "/explore/requirements/", "/explore/evidence/"]),
    ],
)
def test_every_page_on_a_phone(visit, account, paths, language):
    visitor = visit(account, language)
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    for path in paths:
        visitor.open(path)
