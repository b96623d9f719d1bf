"""Uploads in a real browser: a connection that breaks half-way, several files dropped at once, and no script at all."""

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.running import PASSWORD
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

MEGABYTE = 1024 * 1024
PROGRAM = b"MZ" + bytes(300)
DROP = """(area, names) => {
  const transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File([`材料 ${name}`], name));
  area.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def open_task(visitor: Visitor):
    """The first requirement of a task in progress."""
    visitor.open("/tasks/?state=in_progress")
    visitor.follow(visitor.page.locator("main tbody a").nth(1))
    return visitor.page.locator(".requirement").first


def test_a_broken_connection_costs_no_piece_that_arrived(visit, tmp_path):
    """Cut in the second of three pieces; the person types on meanwhile, and the page is reloaded before it goes on."""
    contributor = visit("contributor@sec01.example")
    page = contributor.page
    requirement = open_task(contributor)
    content = tmp_path / "大文件.txt"
    content.write_bytes("证明材料\n".encode() * (20 * MEGABYTE // 13))
    offsets: list[int] = []
    is_cut = [True]

    def cut_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(int(route.request.headers["upload-offset"]))
            if is_cut[0] and offsets[-1]:
                contributor.context.set_offline(True)
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/tasks/uploads/*/", cut_the_second)
    requirement.locator("textarea").fill("上传时继续填写。")
    requirement.locator("input[type=file]").set_input_files(content)
    paused = requirement.locator(".upload-item[data-state=paused]")
    expect(paused).to_contain_text("从中断处继续")
    contributor.complaints.clear()  # the browser says itself that the connection is cut
    contributor.look(closely=True)
    assert requirement.locator("textarea").input_value() == "上传时继续填写。"
    assert offsets[-1] == 8 * MEGABYTE
    is_cut[0] = False
    offsets.clear()
    contributor.context.set_offline(False)
    row = requirement.locator(".evidence-files li").filter(has_text="大文件.txt")
    expect(row).to_be_visible(timeout=15_000)
    assert offsets[0] == 8 * MEGABYTE, "what had arrived was sent again"
    expect(row).to_contain_text("检查通过", timeout=20_000)
    assert requirement.locator("textarea").input_value() == "上传时继续填写。"
    contributor.look(closely=True)
    requirement.locator("input[type=file]").set_input_files(content)
    expect(requirement.locator(".upload-item[data-state=done]")).to_contain_text("未重复保存", timeout=20_000)
    assert row.count() == 1


def test_a_reload_half_way_goes_on_where_it_was(visit, tmp_path):
    contributor = visit("contributor@sec01.example")
    page = contributor.page
    content = tmp_path / "续传.txt"
    content.write_bytes("续传材料\n".encode() * (10 * MEGABYTE // 13))
    offsets: list[int] = []

    def stop(route: Route) -> None:
        offset = int(route.request.headers.get("upload-offset", 0))
        if route.request.method == "PATCH":
            offsets.append(offset)
        if route.request.method != "PATCH" or not offset:
            route.continue_()

    requirement = open_task(contributor)
    page.route("**/tasks/uploads/*/", stop)
    page.on("dialog", lambda dialog: dialog.accept())
    requirement.locator("input[type=file]").set_input_files(content)
    while not (offsets and offsets[-1]):
        page.wait_for_timeout(100)
    page.reload()
    page.unroute("**/tasks/uploads/*/")
    page.on(
        "request",
        lambda request: request.method == "PATCH" and offsets.append(int(request.headers["upload-offset"])),
    )
    offsets.clear()
    requirement.locator("input[type=file]").set_input_files(content)
    expect(requirement.locator(".evidence-files li").filter(has_text="续传.txt")).to_be_visible(timeout=15_000)
    assert offsets == [8 * MEGABYTE]


def test_files_dropped_together(visit):
    """Two good ones and a bad one; each says how it went."""
    contributor = visit("contributor@fut01.example")
    requirement = open_task(contributor)
    requirement.locator(".upload-area").evaluate(DROP, ["甲.txt", "乙.txt", "丙.exe"])
    for name in ("甲.txt", "乙.txt"):
        expect(requirement.locator(".evidence-files li").filter(has_text=name)).to_be_visible(timeout=15_000)
    failed = requirement.locator(".upload-item[data-state=failed]")
    expect(failed.locator("[data-upload-error]")).to_contain_text("丙.exe")
    contributor.look(closely=True)
    failed.locator("[data-upload-cancel]").click()
    expect(failed).to_have_count(0)


def test_without_script(browser: Browser, portal):
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "liaison@sec01.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto("/tasks/?state=in_progress")
    page.locator("main tbody a").nth(2).click()
    requirement = page.locator(".requirement").first
    files = [
        {"name": "手册.txt", "mimeType": "text/plain", "buffer": "手册".encode()},
        {"name": "程序.pdf", "mimeType": "application/pdf", "buffer": PROGRAM},
    ]
    requirement.locator("input[type=file]").set_input_files(files)
    requirement.locator(".upload-button").click()
    requirement = page.locator(".requirement").first
    expect(requirement.locator("[data-upload-fault]")).to_contain_text("程序.pdf")
    expect(requirement.locator(".evidence-files li").filter(has_text="手册.txt")).to_be_visible()
    requirement.get_by_role("link", name="替换").first.click()
    page.locator("main input[type=file]").set_input_files(
        {"name": "新手册.txt", "mimeType": "text/plain", "buffer": "新手册".encode()}
    )
    page.locator(".upload-button").click()
    expect(page.locator(".evidence-files li").filter(has_text="新手册.txt")).to_contain_text("第 2 版")
    context.close()
