"""The bytes of a file: who gets them, and under which headers."""

import pytest
from django.urls import reverse

from portal.accounts.actions import remove_member
from tasks.models import Evidence
from tests.factories.tasks import EvidenceFactory, SubmissionFactory


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
