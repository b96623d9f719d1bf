"""What pages say of a file and its check, and that they ask again while one waits."""

import os

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.tasks import EvidenceFactory
from tests.factories.vault import StoredFileFactory
from vault import scanner


@pytest.fixture
def show(people, assignment):
    def make(**facts):
        stored = StoredFileFactory(institution=people.institution, content=os.urandom(8), **facts)
        return EvidenceFactory(
            assignment=assignment, requirement=assignment.requirements.first(), stored=stored, original_name="a.txt"
        )

    return make


@pytest.fixture
def drawn(browse, people, assignment):
    return lambda: browse(people.contributor).get(assignment.get_absolute_url()).content.decode()


def test_a_file_that_passed(show, drawn):
    row = show(flags=["macros"])
    content = drawn()
    assert "检查通过" in content and "含宏" in content and row.file_url in content
    assert "every 2s" not in content


def test_a_file_that_waits(show, drawn, monkeypatch):
    row = show(state="received")
    monkeypatch.setattr(scanner, "is_answering", lambda: True)
    content = drawn()
    assert "待检查" in content and "waiting=1" in content and "正在检查文件" in content
    assert row.file_url not in content
    monkeypatch.setattr(scanner, "is_answering", lambda: False)
    assert "文件检查服务暂时中断" in drawn()


def test_a_file_that_did_not_pass(show, drawn):
    show(state="refused", path="", finding="nested", finding_detail="安装<b>.exe")
    content = drawn()
    assert "未通过检查" in content and "every 2s" not in content
    assert "压缩包内含不受支持的文件（安装&lt;b&gt;.exe）。请从压缩包中移除该文件后重新上传。" in content


def test_asking_again_answers_once_something_changed(show, browse, people, assignment, monkeypatch):
    monkeypatch.setattr(scanner, "is_answering", lambda: True)
    row = show(state="received")
    client = browse(people.contributor)
    place = reverse("tasks:files", args=[assignment.pk, row.requirement_id])
    assert client.get(f"{place}?waiting=1").status_code == 204
    content = client.get(f"{place}?waiting=2").content.decode()
    assert "waiting=1" in content and 'id="task-side"' in content
    row.stored.state, row.stored.checked_at, row.stored.sm3 = "clean", timezone.now(), "0" * 64
    row.stored.save()
    content = client.get(f"{place}?waiting=1").content.decode()
    assert "检查通过" in content and "every 2s" not in content


def test_handing_in_says_which_files_hold_it_up(browse, people, filled, monkeypatch):
    monkeypatch.setattr(scanner, "is_answering", lambda: True)
    requirement = filled.requirements.first()
    facts = {"institution": people.institution}
    waiting = StoredFileFactory(state="received", content=b"1", **facts)
    refused = StoredFileFactory(state="refused", path="", finding="encrypted", content=b"2", **facts)
    for name, stored in (("等待.pdf", waiting), ("加密.docx", refused)):
        EvidenceFactory(assignment=filled, requirement=requirement, original_name=name, stored=stored)
    page = reverse("tasks:hand_in", args=[filled.pk])
    content = browse(people.contributor).get(page).content.decode()
    assert "还不能提交：2 个文件待检查或未通过检查" in content
    assert "等待.pdf" in content and "受密码保护，无法检查和阅读。请取消密码后重新上传。" in content
    assert "确认提交" not in content and "every 3s" in content
