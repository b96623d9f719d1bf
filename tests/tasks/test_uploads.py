"""Files piece by piece: the protocol as a client speaks it, and all that can go wrong on the way."""

import base64
import datetime
import errno
import hashlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier, Event
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from portal.audit.models import AuditEvent
from tasks import actions, uploads
from tasks.evidence import withdraw_evidence
from tasks.jobs import clear_stale_uploads
from tasks.models import Evidence, EvidenceUpload
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.tasks.incoming import lying
from tests.tasks.world import make_people, make_task
from tests.vault import samples
from vault import parts
from vault.enums import Place
from vault.places import storage_of

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"
CONTENT = samples.PDF.ljust(300_000, b" ")


def in_base64(content: str | bytes) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def digest_of(piece: bytes) -> str:
    return f"sha256 {in_base64(hashlib.sha256(piece).digest())}"


class Uploader:
    """Speaks tus as a client does. `requirement` is the assignment's first unless given."""

    def __init__(self, client, assignment, requirement=None) -> None:
        self.client = client
        requirement = requirement or assignment.requirements.first()
        self.place = reverse("tasks:uploads", args=[assignment.pk, requirement.pk])
        self.url = ""

    def begin(self, name: str = "制度.pdf", size: int = len(CONTENT), **metadata: str):
        pairs = {"filename": name, **metadata}
        announced = ",".join(f"{key} {in_base64(value)}" for key, value in pairs.items())
        headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": announced}
        response = self.client.post(self.place, headers=headers)
        self.url = response.get("Location", "")
        return response

    def send(self, piece: bytes, at: int = 0, checksum: str | None = None, stream=None, **headers: str):
        said = {**TUS, "Upload-Offset": str(at), "Upload-Checksum": checksum or digest_of(piece), **headers}
        extra = {"wsgi.input": stream} if stream else {}
        return self.client.generic("PATCH", self.url, piece, content_type=PIECE, headers=said, **extra)

    def offset(self) -> int:
        response = self.client.head(self.url, headers=TUS)
        assert response.status_code == 200 and response["Cache-Control"] == "no-store"
        return int(response["Upload-Offset"])

    def whole(self, name: str, content: bytes = CONTENT, **metadata: str):
        begun = self.begin(name, len(content), **metadata)
        return begun if begun.status_code != 201 else self.send(content)


class Cut:
    """A connection that breaks after so many bytes."""

    def __init__(self, piece: bytes, after: int) -> None:
        self.stream = BytesIO(piece[:after])

    def read(self, size: int) -> bytes:
        piece = self.stream.read(min(size, 10_000))
        if not piece:
            raise ConnectionResetError
        return piece

    readline = read


@pytest.fixture
def uploader(browse, people, assignment, before) -> Uploader:
    return Uploader(browse(people.contributor), assignment)


class TestProtocol:
    def test_in_pieces_with_digests(self, uploader, assignment, people, before):
        begun = uploader.begin()
        assert (begun.status_code, begun["Tus-Resumable"]) == (201, "1.0.0")
        assert uploader.offset() == 0
        first = uploader.send(CONTENT[:100_000])
        assert (first.status_code, first["Upload-Offset"]) == (204, "100000")
        assert uploader.offset() == 100_000
        assert not assignment.evidence.exists()
        last = uploader.send(CONTENT[100_000:], at=100_000)
        assert (last.status_code, last["Upload-Offset"]) == (204, "300000")
        assert "Upload-Note" not in last
        row = assignment.evidence.get()
        assert (row.original_name, row.size, row.uploaded_by) == ("制度.pdf", len(CONTENT), people.contributor)
        assert (row.sha256, row.content_type) == (hashlib.sha256(CONTENT).hexdigest(), "application/pdf")
        assert (row.stored.state, row.version) == ("received", 1)
        with row.stored.open() as file:
            assert file.read() == CONTENT
        assert Path(storage_of(Place.INCOMING).path(row.stored.path)).stat().st_mode & 0o777 == 0o600
        assert lying() - before == {row.stored.path}
        assert not EvidenceUpload.objects.exists()
        assert AuditEvent.objects.filter(action="evidence.added").count() == 1
        assert uploader.client.head(uploader.url, headers=TUS).status_code == 404

    def test_without_digests(self, uploader, assignment):
        uploader.begin()
        said = {**TUS, "Upload-Offset": "0"}
        assert (
            uploader.client.generic("PATCH", uploader.url, CONTENT, content_type=PIECE, headers=said).status_code == 204
        )
        assert assignment.evidence.get().sha256 == hashlib.sha256(CONTENT).hexdigest()

    def test_a_client_of_another_version(self, uploader):
        response = uploader.client.post(uploader.place, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})
        assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Upload-Offset": "x"}, 400),
            ({"Upload-Offset": "-1"}, 400),
            ({"Upload-Checksum": "md5 AAAA"}, 400),
            ({"Upload-Offset": "7"}, 409),
            ({"Upload-Offset": str(2**70)}, 400),
        ],
        ids=["no number", "negative", "another digest", "ahead", "beyond all"],
    )
    def test_requests_that_make_no_sense_change_nothing(self, uploader, headers, status):
        uploader.begin()
        assert uploader.send(b"123", **headers).status_code == status
        assert uploader.offset() == 0

    def test_another_content_type(self, uploader):
        uploader.begin()
        headers = {**TUS, "Upload-Offset": "0"}
        answer = uploader.client.generic("PATCH", uploader.url, b"x", content_type="text/plain", headers=headers)
        assert answer.status_code == 415

    def test_more_than_announced(self, uploader):
        uploader.begin(size=10)
        assert uploader.send(b"x" * 11).status_code == 413
        assert uploader.offset() == 0

    @pytest.mark.parametrize("length", ["", "many", "-5"])
    def test_no_length(self, uploader, length):
        headers = {**TUS, "Upload-Length": length, "Upload-Metadata": "filename !!!,,"}
        assert uploader.client.post(uploader.place, headers=headers).status_code == 400

    def test_giving_up(self, uploader, before):
        uploader.begin()
        uploader.send(CONTENT[:1000])
        assert uploader.client.delete(uploader.url, headers=TUS).status_code == 204
        assert lying() == before and not EvidenceUpload.objects.exists()
        assert uploader.send(CONTENT[1000:], at=1000).status_code == 404

    def test_what_arrived_is_gone_from_the_disk(self, uploader):
        uploader.begin()
        parts.remove(EvidenceUpload.objects.get().pk)
        assert uploader.client.head(uploader.url, headers=TUS).status_code == 410
        assert uploader.send(CONTENT).status_code == 410

    def test_a_token_is_needed(self, people, assignment):
        client = Client(enforce_csrf_checks=True)
        client.force_login(people.contributor)
        uploader = Uploader(client, assignment)
        assert uploader.begin().status_code == 403
        client.get(assignment.get_absolute_url())
        client.defaults["HTTP_X_CSRFTOKEN"] = client.cookies["csrftoken"].value
        assert uploader.begin().status_code == 201
        assert uploader.send(CONTENT).status_code == 204


class TestWhoMay:
    @pytest.mark.parametrize("role", ["liaison", "contributor", "cio", "supervisor", "lead", "observer"])
    def test_begin(self, people, browse, assignment, role):
        allowed = role in ("liaison", "contributor")
        assert Uploader(browse(getattr(people, role)), assignment).begin().status_code == (201 if allowed else 403)

    def test_another_institution_finds_nothing(self, people, browse, assignment, uploader):
        uploader.begin()
        stranger = Uploader(browse(member(InstitutionFactory(), "contributor")), assignment)
        assert stranger.begin().status_code == 404
        stranger.url = uploader.url
        assert stranger.send(CONTENT).status_code == 404
        assert stranger.client.head(uploader.url, headers=TUS).status_code == 404
        assert stranger.client.delete(uploader.url, headers=TUS).status_code == 404

    @pytest.mark.parametrize("role", ["liaison", "cio", "supervisor"])
    def test_an_upload_is_its_beginners_alone(self, people, browse, uploader, role):
        uploader.begin()
        other = browse(getattr(people, role))
        assert other.head(uploader.url, headers=TUS).status_code == 404
        assert other.delete(uploader.url, headers=TUS).status_code == 404

    def test_a_right_that_was_taken_away(self, people, uploader, assignment):
        uploader.begin()
        people.contributor.memberships.update(role="cio")
        assert uploader.send(CONTENT).status_code == 403
        assert not assignment.evidence.exists()

    def test_not_for_a_requirement_of_another_task(self, uploader, assignment):
        foreign = Uploader(uploader.client, assignment, RequirementFactory())
        assert foreign.begin().status_code == 404


class TestRefusals:
    @pytest.mark.parametrize(
        ("size", "status", "words"), [(0, 422, "是空文件（0 字节）"), (2**40, 413, "超过 100.0 MB 的上限")]
    )
    def test_what_need_not_be_sent_at_all(self, uploader, before, size, status, words):
        response = uploader.begin("材料.pdf", size)
        error = response.json()["error"].replace("\xa0", " ")
        assert response.status_code == status and words in error and error.startswith("文件“材料.pdf”")
        assert lying() == before and not EvidenceUpload.objects.exists()

    def test_two_gigabytes_by_setting(self, uploader, settings):
        settings.EVIDENCE_MAX_BYTES = 2 * 1024**3
        assert uploader.begin(size=2 * 1024**3).status_code == 201

    def test_a_program_under_a_documents_name(self, uploader, assignment, before):
        response = uploader.whole("malware.pdf", samples.EXE)
        assert response.status_code == 422
        assert response.json()["error"].startswith("文件“malware.pdf”不是 PDF（检测到 Windows 程序），未上传。")
        assert lying() == before and not EvidenceUpload.objects.exists()
        assignment.refresh_from_db()
        assert assignment.state == "not_started" and not assignment.evidence.exists()

    def test_a_damaged_piece_is_sent_again(self, uploader, assignment):
        uploader.begin()
        uploader.send(CONTENT[:1000])
        assert uploader.send(CONTENT[1000:], at=1000, checksum=digest_of(b"other")).status_code == 460
        assert uploader.offset() == 1000
        assert uploader.send(CONTENT[1000:], at=1000).status_code == 204
        assert assignment.evidence.get().sha256 == hashlib.sha256(CONTENT).hexdigest()

    @pytest.mark.parametrize(
        ("headers", "kept"), [({}, 50_000), ({"Upload-Checksum": ""}, 150_000)], ids=["digest", "no digest"]
    )
    def test_a_connection_cut_half_way_is_taken_up_again(self, uploader, assignment, headers, kept):
        uploader.begin()
        uploader.send(CONTENT[:50_000])
        rest = CONTENT[50_000:]
        uploader.send(rest, at=50_000, stream=Cut(rest, after=100_000), **headers)
        assert uploader.offset() == kept
        assert uploader.send(CONTENT[kept:], at=kept).status_code == 204
        assert assignment.evidence.get().sha256 == hashlib.sha256(CONTENT).hexdigest()

    @pytest.mark.parametrize(
        ("language", "words"), [("zh-hans", "服务器存储空间不足，文件“制度.pdf”未上传"), ("en", "制度.pdf")]
    )
    def test_a_disk_that_is_full_half_way(self, uploader, before, monkeypatch, language, words):
        write = os.write

        def fill_up(descriptor: int, piece) -> int:
            if os.fstat(descriptor).st_size >= 100_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, piece[:60_000])

        uploader.begin()
        with translation.override(language), monkeypatch.context() as full:
            full.setattr(parts.os, "write", fill_up)
            uploader.client.cookies["django_language"] = language
            response = uploader.send(CONTENT)
        assert response.status_code == 507 and words in response.json()["error"]
        assert lying() == before and not EvidenceUpload.objects.exists()

    def test_trouble_at_the_very_end_costs_one_byte(self, uploader, assignment, monkeypatch):
        uploader.begin()
        uploader.client.raise_request_exception = False
        with monkeypatch.context() as broken:
            broken.setattr(uploads, "enter", lambda **_facts: 1 / 0)
            assert uploader.send(CONTENT).status_code == 500
        assert uploader.offset() == len(CONTENT) - 1
        assert uploader.send(CONTENT[-1:], at=len(CONTENT) - 1).status_code == 204
        assert assignment.evidence.get().sha256 == hashlib.sha256(CONTENT).hexdigest()

    def test_handed_in_meanwhile(self, people, browse, filled):
        uploader = Uploader(browse(people.liaison), filled)
        before = lying()
        uploader.begin()
        actions.hand_in(assignment=filled, by=people.contributor)
        response = uploader.send(CONTENT)
        assert response.status_code == 422 and "待签署" in response.json()["error"]
        assert lying() == before and not EvidenceUpload.objects.exists()
        assert filled.evidence.count() == 2
        again = uploader.begin()
        assert again.status_code == 422 and "当前状态为“待签署”，不能上传文件。" in again.json()["error"]

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("a\u202efdp.pdf", "afdp.pdf"),
            ("制\x00度\n一\x7f.pdf", "制度 一.pdf"),
            ("制" * 255 + ".pdf", "制" * 251 + ".pdf"),
        ],
        ids=["path", "right to left", "control characters", "255 characters"],
    )
    def test_names(self, uploader, assignment, name, kept):
        assert uploader.whole(name).status_code == 204
        assert assignment.evidence.get().original_name == kept


class TestVersions:
    def test_the_same_content_is_there_already(self, uploader, assignment, before):
        uploader.whole("甲.pdf")
        again = uploader.whole("乙.pdf")
        assert again.status_code == 204
        assert unquote(again["Upload-Note"]) == "内容与已有的“甲.pdf”相同，未重复保存。"
        assert assignment.evidence.get().original_name == "甲.pdf"
        assert len(lying() - before) == 1

    def test_the_next_version(self, uploader, assignment, people):
        old = EvidenceFactory(assignment=assignment, requirement=assignment.requirements.first())
        assert uploader.whole("新.pdf", replaces=str(old.pk)).status_code == 204
        new = assignment.evidence.current().get()
        assert (new.series, new.version, new.original_name) == (old.series, 2, "新.pdf")
        answer = uploader.begin("再新.pdf", replaces=str(old.pk))
        assert answer.status_code == 400 and "已被撤回或替换" in answer.json()["error"]

    @pytest.mark.parametrize("stranger", [str(uuid.UUID(int=1)), "x"])
    def test_nothing_else_is_replaced(self, uploader, stranger):
        assert uploader.begin(replaces=stranger).status_code == 400

    def test_replaced_while_it_came_in(self, uploader, assignment, people, before):
        old = EvidenceFactory(assignment=assignment, requirement=assignment.requirements.first())
        uploader.begin(replaces=str(old.pk))
        withdraw_evidence(evidence=old, by=people.contributor)
        response = uploader.send(CONTENT)
        assert response.status_code == 422 and "已被撤回或替换" in response.json()["error"]
        assert lying() == before

    def test_two_of_the_same_name_both_stay(self, uploader, browse, people, assignment):
        other = Uploader(browse(people.liaison), assignment)
        uploader.begin("制度.pdf"), other.begin("制度.pdf")
        second = CONTENT.replace(b"1.7", b"1.6")
        assert uploader.send(CONTENT).status_code == other.send(second).status_code == 204
        assert [file.original_name for file in assignment.evidence.current()] == ["制度.pdf", "制度.pdf"]


@pytest.mark.django_db(transaction=True)
def test_two_pieces_at_once_do_not_mix():
    """The second is turned away while the first is still coming in."""
    people = make_people()
    assignment = AssignmentFactory(task=make_task(), institution=people.institution)
    client = Client()
    client.force_login(people.contributor)
    uploader = Uploader(client, assignment)
    uploader.begin()
    is_coming, may_end = Event(), Event()

    class Slow:
        def __init__(self) -> None:
            self.stream = BytesIO(CONTENT)

        def read(self, size: int) -> bytes:
            is_coming.set()
            assert may_end.wait(30)
            return self.stream.read(size)

        readline = read

    def first():
        try:
            return uploader.send(CONTENT, stream=Slow())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(first)
        assert is_coming.wait(30)
        second = uploader.send(b"x" * len(CONTENT))
        may_end.set()
        assert (second.status_code, coming.result(30).status_code) == (423, 204)
    assert assignment.evidence.get().sha256 == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_the_same_upload_finished_twice_at_once():
    people = make_people()
    assignment = AssignmentFactory(task=make_task(), institution=people.institution)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(people.contributor)
    uploaders = [Uploader(client, assignment) for client in clients]
    uploaders[0].begin()
    uploaders[1].url = uploaders[0].url
    barrier = Barrier(2)

    def finish(uploader):
        barrier.wait()
        try:
            return uploader.send(CONTENT).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(finish, uploaders))
    assert statuses[0] == 204 and statuses[1] in (404, 410, 423)
    assert Evidence.objects.count() == 1


class TestCleanUp:
    def test_what_nobody_went_on_with(self, uploader, before):
        uploader.begin()
        uploader.send(CONTENT[:1000])
        clear_stale_uploads()
        assert uploader.offset() == 1000
        EvidenceUpload.objects.update(touched_at=timezone.now() - datetime.timedelta(hours=25))
        clear_stale_uploads()
        clear_stale_uploads()
        assert lying() == before and not EvidenceUpload.objects.exists()

    def test_files_that_no_upload_has(self, uploader, before):
        lost, recent = uuid.uuid4(), uuid.uuid4()
        parts.begin(lost)
        parts.begin(recent)
        os.utime(parts.path_of(lost), times=(0, 0))
        assert uploads.clear_stale_uploads() == 1
        assert lying() - before == {f"{recent}.part"}
        parts.remove(recent)

    def test_an_upload_in_progress_is_touched_now_and_then(self, uploader):
        uploader.begin()
        long_ago = timezone.now() - datetime.timedelta(hours=23)
        EvidenceUpload.objects.update(touched_at=long_ago)
        uploader.send(CONTENT[:1000])
        assert EvidenceUpload.objects.get().touched_at > long_ago + datetime.timedelta(hours=22)
