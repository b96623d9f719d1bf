"""The bytes of a file: who gets them, and under which headers."""

import urllib.request

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.actions import remove_member
from tasks.models import Evidence
from tests.factories.tasks import EvidenceFactory, SubmissionFactory
from tests.factories.vault import StoredFileFactory
from vault.enums import FileState, Finding, Flag, Place
from vault.places import storage_of


@pytest.fixture
def file(filled) -> Evidence:
    return filled.evidence.first()


def typed_as(file: Evidence, content_type: str, name: str) -> str:
    return EvidenceFactory(
        assignment=file.assignment, requirement=file.requirement, content_type=content_type, original_name=name
    ).file_url


def test_the_bytes(people, browse, file):
    response = browse(people.cio).get(file.file_url)
    assert b"".join(response.streaming_content) == file.original_name.encode()
    assert response["Content-Length"] == str(file.size)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("content_type", "name", "disposition"),
    [
        ("application/pdf", "制度.pdf", "inline; filename*=utf-8''%E5%88%B6%E5%BA%A6.pdf"),
        ("image/png", "a.png", 'inline; filename="a.png"'),
        ("image/tiff", "a.tif", 'attachment; filename="a.tif"'),
        ("text/plain", "a.txt", 'attachment; filename="a.txt"'),
        ("application/zip", 'a"b.zip', 'attachment; filename="a\\"b.zip"'),
        ("text/html", "a.html", 'attachment; filename="a.html"'),
    ],
)
def test_only_pdf_and_images_open_in_the_page(people, browse, file, content_type, name, disposition):
    response = browse(people.cio).get(typed_as(file, content_type, name))
    assert response["Content-Disposition"] == disposition
    assert response["Content-Type"] == content_type
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy
    # A sandbox would keep the browser from showing the PDF at all.
    assert ("sandbox" in policy) == (content_type != "application/pdf")


def test_asked_again_it_is_not_sent_again(people, browse, file):
    client = browse(people.cio)
    etag = client.get(file.file_url)["ETag"]
    assert etag == f'"{file.sha256}"'
    response = client.get(file.file_url, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    other = client.get(file.file_url, headers={"If-None-Match": '"x"'})
    assert other.status_code == 200


def test_a_right_taken_away_is_gone_at_once(people, browse, file):
    client = browse(people.cio)
    etag = client.get(file.file_url)["ETag"]
    remove_member(membership=people.cio.memberships.get(), by=people.liaison)
    response = client.get(file.file_url, headers={"If-None-Match": etag})
    assert response.status_code == 404


def test_a_supervisor_gets_it_once_it_is_signed(people, browse, filled, file):
    client = browse(people.observer)
    assert client.get(file.file_url).status_code == 404
    SubmissionFactory(assignment=filled)
    assert client.get(file.file_url).status_code == 200


def test_signed_out_nobody_gets_it(client, file):
    assert client.get(file.file_url).status_code == 302


def test_no_such_file(people, browse):
    missing = reverse("tasks:evidence_file", args=["00000000-0000-0000-0000-000000000001"])
    assert browse(people.cio).get(missing).status_code == 404


def test_a_file_name_cannot_break_the_header(people, browse, file):
    url = typed_as(file, "application/pdf", "a\r\nX-Evil: 1.pdf")
    response = browse(people.cio).get(url)
    assert "X-Evil" not in response
    assert response["Content-Disposition"].count("\n") == 0


def test_head(people, browse, file):
    response = browse(people.cio).head(file.file_url)
    assert (response.status_code, response["Content-Length"]) == (200, str(file.size))


def in_state(file: Evidence, state: FileState, **facts) -> Evidence:
    """Evidence of a file of its own that the checks did not let pass."""
    stored = StoredFileFactory(institution=file.institution, content=state.encode(), state=state, **facts)
    return EvidenceFactory(assignment=file.assignment, requirement=file.requirement, stored=stored)


def deleted(file: Evidence, people) -> Evidence:
    facts = {"deleted_at": timezone.now(), "deleted_by": people.lead, "deleted_reason": "留存期已满。", "path": ""}
    return in_state(file, FileState.DELETED, **facts)


def test_what_is_not_checked_or_did_not_pass_is_not_there_for_anyone(people, browse, filled, file):
    files = [
        in_state(file, FileState.RECEIVED),
        in_state(file, FileState.REFUSED, path="", finding=Finding.DAMAGED),
        in_state(
            file,
            FileState.QUARANTINED,
            place=Place.QUARANTINE,
            finding=Finding.MALWARE,
            quarantined_at=timezone.now(),
        ),
    ]
    Evidence.objects.filter(pk__in=[one.pk for one in files]).update(frozen_at=timezone.now())
    for person in (people.contributor, people.liaison, people.cio, people.supervisor, people.lead, people.observer):
        client = browse(person)
        for one in files:
            assert client.get(one.file_url).status_code == 404
            assert client.get(one.download_url).status_code == 404


def test_of_a_deleted_file_the_tombstone_is_left(people, browse, file):
    gone = deleted(file, people)
    answer = browse(people.cio).get(gone.file_url)
    assert answer.status_code == 410
    assert "留存期已满。" in answer.text
    assert people.authority.local_name in answer.text
    assert gone.sha256 in answer.text and gone.sm3 in answer.text
    assert timezone.localtime(gone.stored.deleted_at).strftime("%Y-%m-%d %H:%M") in answer.text
    assert browse(people.observer).get(gone.file_url).status_code == 404, "it was never signed"


def test_bytes_that_the_storage_has_lost_are_no_silent_404(people, browse, file):
    storage_of(file.stored.place).delete(file.stored.path)
    answer = browse(people.cio).get(file.file_url)
    assert answer.status_code == 500
    assert "存储中找不到该文件的内容" in answer.text and file.sha256 in answer.text
    assert not file.accesses.exists()


@pytest.mark.parametrize(
    ("content_type", "flags"),
    [("application/pdf", []), ("image/png", []), ("application/pdf", [Flag.SCRIPTS])],
    ids=["pdf", "image", "pdf-with-scripts"],
)
def test_a_download_is_an_attachment(people, browse, file, content_type, flags):
    stored = StoredFileFactory(institution=file.institution, content=b"x", content_type=content_type, flags=flags)
    one = EvidenceFactory(assignment=file.assignment, requirement=file.requirement, stored=stored)
    client = browse(people.cio)
    assert client.get(one.download_url)["Content-Disposition"].startswith("attachment;")
    shown = client.get(one.file_url)["Content-Disposition"]
    assert shown.startswith("attachment;" if flags else "inline;")


def test_a_part(people, browse, file):
    response = browse(people.cio).get(file.file_url, headers={"Range": "bytes=1-3"})
    assert response.status_code == 206
    assert b"".join(response.streaming_content) == file.original_name.encode()[1:4]


def test_on_both_storages_the_same_bytes(people, browse, filled, place):
    """Followed as a browser would: from disk at once, from S3 by the signed link."""
    stored = StoredFileFactory(institution=filled.institution, content=b"the bytes", place=place, name="a.txt")
    one = EvidenceFactory(assignment=filled, requirement=filled.requirements.first(), stored=stored)
    response = browse(people.cio).get(one.file_url)
    if place == "s3":
        with urllib.request.urlopen(response["Location"]) as answer:
            assert answer.read() == b"the bytes"
    else:
        assert b"".join(response.streaming_content) == b"the bytes"
    assert browse(people.supervisor).get(one.file_url).status_code == 404
