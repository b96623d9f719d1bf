"""The bytes as an HTTP answer: whole, in parts, by the front server, by a signed link."""

import ast
import os
import subprocess
import sys
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from vault.enums import FileState, Flag, Place
from vault.models import StoredFile
from vault.places import storage_of
from vault.serving import LINK_SECONDS, is_shown_inline, serve

CONTENT = bytes(range(256)) * 5 + b"the end"
SIZE = len(CONTENT)
PATH = "evidence/serving/of-these-tests"
ETAG = '"' + "a" * 64 + '"'


@pytest.fixture(scope="module", autouse=True)
def kept():
    storage_of(Place.DISK).save(PATH, ContentFile(CONTENT))
    yield
    storage_of(Place.DISK).delete(PATH)


def stored(**fields) -> StoredFile:
    """A row that no test needs in the database."""
    facts = {"state": FileState.CLEAN, "place": Place.DISK, "path": PATH, "content_type": "application/pdf"}
    return StoredFile(size=SIZE, sha256="a" * 64, **(facts | fields))


def get(as_attachment=False, method="get", file=None, **headers):
    request = getattr(RequestFactory(headers=headers), method)("/")
    return serve(request, file or stored(), name="制度.pdf", as_attachment=as_attachment)


def body(response) -> bytes:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    close(response)
    return content


def close(response) -> None:
    """The file, without the end of a request, which has no place in these tests."""
    for resource in response._resource_closers:
        resource()


class TestParts:
    def test_the_whole(self):
        response = get()
        assert (response.status_code, response["Content-Length"]) == (200, str(SIZE))
        assert response["Accept-Ranges"] == "bytes"
        assert body(response) == CONTENT

    @given(st.integers(0, SIZE - 1), st.integers(0, 2 * SIZE))
    def test_from_to(self, first, further):
        response = get(range=f"bytes={first}-{first + further}")
        wanted = CONTENT[first : first + further + 1]
        assert response.status_code == 206
        assert response["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{SIZE}"
        assert response["Content-Length"] == str(len(wanted))
        assert body(response) == wanted

    @given(st.integers(0, SIZE - 1))
    def test_from_there_on(self, first):
        response = get(range=f"bytes={first}-")
        assert response["Content-Range"] == f"bytes {first}-{SIZE - 1}/{SIZE}"
        assert (response.status_code, body(response)) == (206, CONTENT[first:])

    @given(st.integers(1, 2 * SIZE))
    def test_the_last_ones(self, length):
        response = get(range=f"bytes=-{length}")
        assert (response.status_code, body(response)) == (206, CONTENT[-length:])

    @given(st.integers(SIZE, 10**17))
    def test_past_the_end(self, first):
        response = get(range=f"bytes={first}-")
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{SIZE}")
        assert body(response) == b""
        assert get(range="bytes=-0").status_code == 416

    @given(st.text(st.characters(codec="latin-1"), max_size=20))
    def test_what_is_no_range_gets_the_whole(self, text):
        response = get(range=f"bytes={text}-x")
        assert (response.status_code, body(response)) == (200, CONTENT)

    @pytest.mark.parametrize(
        "text",
        [
            "bytes=0-1,4-5",
            "bytes=5-4",
            "bytes=-",
            "bytes=",
            "lines=0-1",
            "bytes=0-1x",
            "bytes=٣-٤",
            "bytes=" + "9" * 5000,
        ],
        ids=["two", "backwards", "empty", "nothing", "lines", "rubbish", "other-digits", "long"],
    )
    def test_ranges_that_are_not_served(self, text):
        assert get(range=text).status_code == 200

    def test_only_a_part_of_the_same_content(self):
        assert get(range="bytes=0-1", if_range=ETAG).status_code == 206
        for other in ('"b"', f"W/{ETAG}", "Wed, 21 Oct 2026 07:28:00 GMT"):
            assert body(get(range="bytes=0-1", if_range=other)) == CONTENT

    def test_head_tells_of_the_whole(self):
        response = get(method="head", range="bytes=0-1")
        assert (response.status_code, response["Content-Length"], body(response)) == (200, str(SIZE), b"")

    def test_the_file_is_closed_with_the_answer(self):
        response = get(range="bytes=300-399")
        (file,) = [resource.__self__ for resource in response._resource_closers]
        assert not file.closed
        close(response)
        assert file.closed


class TestHeaders:
    def test_what_did_not_pass_is_never_served(self):
        for state in set(FileState) - {FileState.CLEAN}:
            with pytest.raises(ValueError, match="did not pass"):
                get(file=stored(state=state))

    def test_asked_again_it_is_not_sent_again(self):
        response = get(if_none_match=ETAG)
        assert (response.status_code, response["ETag"], body(response)) == (304, ETAG, b"")

    def test_a_part_is_as_safe_as_the_whole(self):
        whole, part = get(), get(range="bytes=0-1")
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Content-Disposition", "Cache-Control"):
            assert part[name] == whole[name]
        assert whole["Cache-Control"] == "private, no-cache"

    def test_a_pdf_with_scripts_is_not_shown_in_the_page(self):
        file = stored(flags=[Flag.SCRIPTS])
        assert not is_shown_inline(file)
        assert get(file=file)["Content-Disposition"].startswith("attachment;")
        assert get()["Content-Disposition"].startswith("inline;")
        assert get(as_attachment=True)["Content-Disposition"].startswith("attachment;")


class TestFrontServer:
    @pytest.fixture(autouse=True)
    def _behind_one(self, settings):
        settings.ACCEL_PREFIX = "/internal/"

    def test_it_is_told_where_the_bytes_are(self):
        response = get(range="bytes=0-1")
        assert (response.status_code, body(response)) == (200, b"")
        assert response["X-Accel-Redirect"] == f"/internal/{PATH}"
        assert response["Content-Type"] == "application/pdf"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "Content-Range" not in response

    def test_a_path_cannot_lead_elsewhere(self):
        path = get(file=stored(path="evidence/a b?c"))["X-Accel-Redirect"]
        assert path == "/internal/evidence/a%20b%3Fc"


class TestSignedLinks:
    @pytest.fixture
    def file(self, s3_bucket) -> StoredFile:
        storage_of(Place.S3).save(PATH, ContentFile(CONTENT))
        return stored(place=Place.S3)

    def test_the_reader_is_sent_to_a_link_that_lives_a_minute(self, file, settings):
        response = get(file=file)
        link = response["Location"]
        assert response.status_code == 302
        assert response["Cache-Control"] == "private, no-store"
        assert link.startswith(settings.EVIDENCE_S3_ORIGIN)
        assert int(parse_qs(urlsplit(link).query)["X-Amz-Expires"][0]) == LINK_SECONDS == 60

    def test_the_link_serves_the_file_under_its_name_and_type(self, file):
        link = get(file=file, as_attachment=True)["Location"]
        with urllib.request.urlopen(link) as answer:
            assert answer.read() == CONTENT
            assert answer.headers["Content-Type"] == "application/pdf"
            assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''%E5%88%B6%E5%BA%A6.pdf"

    def test_the_longest_name_fits_into_the_link(self, file):
        link = serve(RequestFactory().get("/"), file, name="证" * 251 + ".pdf", as_attachment=False)["Location"]
        with urllib.request.urlopen(link) as answer:
            assert answer.headers["Content-Disposition"].count("%E8%AF%81") == 251

    def test_a_front_server_does_not_stand_between(self, file, settings):
        settings.ACCEL_PREFIX = "/internal/"
        assert get(file=file).status_code == 302

    def test_head_is_answered_here(self, file):
        """A link is signed for GET only."""
        response = get(file=file, method="head")
        assert (response.status_code, response["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize("bucket", ["", "evidence"])
def test_pages_may_show_what_the_bucket_serves_and_nothing_else(bucket):
    command = "from portal.settings import CONTENT_SECURITY_POLICY as policy; print(policy['DIRECTIVES'])"
    environment = os.environ | {"PORTAL_S3_BUCKET": bucket, "PORTAL_S3_ENDPOINT": "https://s3.portal.example"}
    said = subprocess.run([sys.executable, "-c", command], env=environment, check=True, capture_output=True, text=True)
    directives = ast.literal_eval(said.stdout)
    holding = {name for name, sources in directives.items() if "https://s3.portal.example" in sources}
    assert holding == ({"img-src", "frame-src"} if bucket else set())
