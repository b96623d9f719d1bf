"""Uploads without script: the plain form, and the page that replaces a file."""

import errno
import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.factories.tasks import EvidenceFactory
from tests.tasks.incoming import lying
from tests.vault import samples


@pytest.fixture
def place(assignment):
    return reverse("tasks:evidence_upload", args=[assignment.pk, assignment.requirements.first().pk])


def test_a_large_file_is_renamed_and_not_copied(browse, people, assignment, place, before):
    content = samples.PDF.ljust(3_000_000)
    browse(people.contributor).post(place, {"file": SimpleUploadedFile("大.pdf", content)})
    row = assignment.evidence.get()
    assert (row.size, row.sha256) == (3_000_000, hashlib.sha256(content).hexdigest())
    assert lying() - before == {row.stored.path}


def test_a_large_file_that_is_refused_leaves_nothing(browse, people, place, before):
    response = browse(people.contributor).post(place, {"file": SimpleUploadedFile("a.pdf", samples.EXE * 10_000)})
    assert response.status_code == 422 and lying() == before


@pytest.mark.parametrize("size", [1000, 3_000_000], ids=["in memory", "on disk"])
def test_a_disk_that_is_full(browse, people, assignment, place, before, monkeypatch, size):
    def fail(*_args, **_facts):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", fail)
    monkeypatch.setattr("tempfile._TemporaryFileWrapper.write", fail, raising=False)
    file = SimpleUploadedFile("制度.pdf", samples.PDF.ljust(size))
    response = browse(people.contributor).post(place, {"file": file})
    assert response.status_code == 422
    assert "服务器存储空间不足，文件“制度.pdf”未上传" in response.content.decode()
    assert lying() == before and not assignment.evidence.exists()


def test_the_same_content_is_there_already(browse, people, place):
    client = browse(people.contributor)
    for name in ("甲.pdf", "乙.pdf"):
        response = client.post(place, {"file": SimpleUploadedFile(name, samples.PDF)}, follow=True)
    assert "内容与已有的“甲.pdf”相同，未重复保存。" in response.content.decode()


def test_replacing(browse, people, assignment):
    old = EvidenceFactory(assignment=assignment, requirement=assignment.requirements.first())
    client, page = browse(people.contributor), reverse("tasks:evidence_replace", args=[old.pk])
    assert old.original_name in client.get(page).content.decode()
    refused = client.post(page, {"file": SimpleUploadedFile("a.pdf", samples.EXE)})
    assert refused.status_code == 422 and "不是 PDF" in refused.content.decode()
    several = client.post(page, {"file": [SimpleUploadedFile(name, samples.PDF) for name in ("甲.pdf", "乙.pdf")]})
    assert several.status_code == 422 and "只能选择一个文件" in several.content.decode()
    assert client.post(page, {"file": SimpleUploadedFile("新.pdf", samples.PDF)}).status_code == 302
    assert assignment.evidence.current().get().version == 2
    assert "现在不能替换" in client.get(page, follow=True).content.decode()


@pytest.mark.parametrize("role", ["cio", "supervisor", "lead", "observer"])
def test_others_do_not_replace(browse, people, filled, role):
    page = reverse("tasks:evidence_replace", args=[filled.evidence.first().pk])
    assert browse(getattr(people, role)).get(page).status_code in (403, 404)
