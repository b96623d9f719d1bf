"""A package of evidence: what is in it, that it is checked without the portal, and that nothing else gets in."""

import hashlib
import io
import json
import subprocess
import tracemalloc
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Remark
from portal.accounts.enums import InstitutionKind, Role
from portal.audit.canonical import canonical_json
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from reports import making
from reports.enums import ReportKind, ReportState, ReportStep
from reports.models import Report
from reports.models.reports import report_path
from reports.packages.contents import gather
from reports.packages.names import file_path, safe_name
from reports.packages.writing import write
from tasks.enums import AccessKind
from tasks.models import EvidenceAccess, Submission
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, StatementFactory, SubmissionFactory
from tests.factories.vault import StoredFileFactory
from vault.enums import Fault, FileState, Place
from vault.models import StoredFile
from vault.places import storage_of

pytestmark = pytest.mark.django_db


class World:
    """An institution that signed one task twice and returned once, another task once, and a self-assessment."""

    def __init__(self) -> None:
        self.institution = InstitutionFactory(name="示例证券有限公司")
        self.authority = AuthorityFactory()
        self.plan = PlanFactory()
        self.first, self.second = (self._assignment(number) for number in (1, 2))
        self.early = self._submit(self.first, "制度 v1.pdf", b"%PDF-1.7 one")
        self._return(self.early)
        self.late = self._submit(self.first, "制度 v2.pdf", b"%PDF-1.7 two")
        review = ReviewFactory(submission=self.late, authority=self.authority, comment="同意")
        requirement = self.first.requirements.get()
        Remark.objects.create(review=review, requirement=requirement, verdict=Verdict.ACCEPTED, text="可作范例")
        self.other = self._submit(self.second, "台账.csv", "日期,数量\n".encode())
        self.draft = EvidenceFactory(
            assignment=self.second,
            requirement=self.second.requirements.get(),
            original_name="内部讨论稿.txt",
            uploaded_by=self.other.signed_by,
        )
        self.judged = self._judge()

    def _assignment(self, number):
        requirement = RequirementFactory(task=TaskFactory(theme__plan=self.plan, number=number))
        row = AssignmentFactory(task=requirement.task, institution=self.institution, state="submitted")
        StatementFactory(assignment=row, requirement=requirement, text="已按要求落实。\n<b>见附件</b>")
        return row

    def _submit(self, assignment, name, content):
        assignment.evidence.current().update(superseded_at=timezone.now())
        EvidenceFactory(
            assignment=assignment,
            requirement=assignment.requirements.get(),
            original_name=name,
            content=content,
            content_type="application/pdf" if name.endswith("pdf") else "text/csv",
        )
        return SubmissionFactory(assignment=assignment)

    def _return(self, submission):
        review = ReviewFactory(
            submission=submission, authority=self.authority, verdict=Verdict.RETURNED, comment="请补充"
        )
        Remark.objects.create(review=review, requirement=self.first.requirements.get(), text="缺少盖章页")

    def _judge(self):
        file = self.other.evidence.get()
        entry = {
            "reference": "2.1",
            "text": "示例要求",
            "kind": "yes_no",
            "unit": "",
            "answer": {"in_place": True},
            "justification": "制度已发布并执行。",
            "evidence": [
                {
                    "id": str(file.pk),
                    "name": file.original_name,
                    "size": file.size,
                    "sha256": file.sha256,
                    "sm3": file.sm3,
                }
            ],
        }
        tasks = [{"number": 2, "title": "示例任务2", "requirements": [entry]}]
        return SelfAssessmentFactory(
            cycle=CycleFactory(plan=self.plan),
            institution=self.institution,
            state=SelfAssessmentState.SUBMITTED,
            content={"tasks": tasks, "version": 1},
        )

    def report(self, role=Role.CIO, **fields):
        body = self.authority if role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR) else self.institution
        authority = {"authority": self.authority} if body is self.authority else {}
        return ReportFactory(
            kind=ReportKind.EVIDENCE_PACKAGE,
            plan=self.plan,
            institution=self.institution,
            requested_by=member(body, role),
            **authority,
            **fields,
        )


@pytest.fixture
def world():
    return World()


def made(report) -> zipfile.ZipFile:
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.DONE, report.error
    return zipfile.ZipFile(io.BytesIO(report.file.read()))


def paths(archive, folder) -> set:
    return {name for name in archive.namelist() if name.startswith(folder)}


def index_of(archive) -> dict:
    return json.loads(archive.read("index.json"))


class Links(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found, self.tags = [], set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in ("href", "src")]


def test_it_is_checked_without_the_portal(world, tmp_path):
    """The standard tools say that all is well, and that it is not once a byte was changed."""
    archive = made(world.report())
    (tmp_path / "package.zip").write_bytes(archive.fp.getvalue())
    subprocess.run(["unzip", "-q", "package.zip", "-d", "out"], cwd=tmp_path, check=True)
    out = tmp_path / "out"
    lists = {"SHA256SUMS": ["sha256sum", "-c"], "SM3SUMS": ["cksum", "-a", "sm3", "--check"]}
    for name, command in lists.items():
        subprocess.run([*command, "--strict", name], cwd=out, check=True, capture_output=True)
    listed = {line[66:] for line in (out / "SHA256SUMS").read_text().splitlines()}
    assert listed == set(archive.namelist()) - {"SHA256SUMS"}
    listed = {line[66:] for line in (out / "SM3SUMS").read_text().splitlines()}
    assert listed == set(archive.namelist()) - {"SHA256SUMS", "SM3SUMS"}
    evidence = next(out.glob("files/1/*"))
    evidence.write_bytes(evidence.read_bytes()[:-1] + b"?")
    for name, command in lists.items():
        assert subprocess.run([*command, name], cwd=out, capture_output=True, check=False).returncode == 1


def test_openssl_writes_the_same_line(world, tmp_path):
    archive = made(world.report())
    (tmp_path / "index.json").write_bytes(archive.read("index.json"))
    command = ["openssl", "dgst", "-sm3", "-r", "index.json"]
    line = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert line in archive.read("SM3SUMS").decode()


def test_the_signed_text_is_byte_for_byte_what_was_signed(world):
    archive = made(world.report())
    for submission, name in ((world.early, "1-1"), (world.late, "1-2"), (world.other, "2-1")):
        content = archive.read(f"submissions/{name}/content.json")
        assert content == canonical_json(submission.content)
        assert hashlib.sha256(content).hexdigest() == submission.sha256
        assert hashlib.new("sm3", content).hexdigest() == submission.sm3
    (path,) = paths(archive, "self-assessments/")
    assert hashlib.sha256(archive.read(path)).hexdigest() == world.judged.sha256


def test_every_signed_version_once_and_no_draft(world):
    archive = made(world.report())
    files = paths(archive, "files/")
    assert {(path.split("/")[1], path.split("-", 1)[1]) for path in files} == {
        ("1", "制度 v1.pdf"),
        ("1", "制度 v2.pdf"),
        ("2", "台账.csv"),
    }
    assert {archive.read(path) for path in files} == {b"%PDF-1.7 one", b"%PDF-1.7 two", "日期,数量\n".encode()}
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert world.draft.original_name.encode() not in everything
    assert world.draft.sha256.encode() not in everything


def test_the_index_tells_all_of_it(world):
    index = index_of(made(world.report()))
    assert (index["format"], index["version"]) == ("evidence-package", 1)
    assert index["institution"]["credit_code"] == world.institution.credit_code
    first, second = index["tasks"]
    assert [submission["number"] for submission in first["submissions"]] == [1, 2]
    returned, accepted = (submission["review"] for submission in first["submissions"])
    assert (returned["verdict"], returned["comment"]) == ("returned", "请补充")
    assert returned["reasons"] == [{"reference": "1.1", "text": "缺少盖章页"}]
    assert (accepted["verdict"], accepted["reasons"], returned["comments"]) == ("accepted", [], [])
    assert accepted["comments"] == [{"reference": "1.1", "text": "可作范例"}]
    assert second["submissions"][0]["review"] is None
    requirement = first["submissions"][0]["requirements"][0]
    assert requirement["statement"].startswith("已按要求落实。")
    assert requirement["evidence"][0]["name"] == "制度 v1.pdf"
    answer = index["self_assessments"][0]["tasks"][0]["requirements"][0]
    assert (answer["answer"], answer["statement"]) == ({"in_place": True}, "制度已发布并执行。")
    assert answer["evidence"][0]["path"] == second["submissions"][0]["requirements"][0]["evidence"][0]["path"]
    assert len(index["files"]) == 3


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "第 2 次报送"), ("en", '<html lang="en">')])
def test_the_page_stands_alone(world, language, words):
    archive = made(world.report(language=language))
    page = archive.read("index.html").decode()
    links = Links(page)
    for link in links.found:
        assert link.startswith("#") or unquote(link) in archive.namelist(), link
    assert not links.tags & {"script", "link", "img", "iframe", "form"}
    for expected in (
        words,
        "&lt;b&gt;见附件&lt;/b&gt;",
        "缺少盖章页",
        world.late.sha256,
        world.late.sm3,
        "制度 v2.pdf",
    ):
        assert expected in page
    assert "<b>见附件" not in page


def test_of_one_task_only_that_task(world):
    archive = made(world.report(assignment=world.second))
    assert paths(archive, "submissions/") == {"submissions/2-1/content.json"}
    assert not paths(archive, "files/1/")
    assert not paths(archive, "self-assessments/")
    index = index_of(archive)
    assert (index["task"], [task["number"] for task in index["tasks"]]) == (2, [2])


def test_a_supervisor_gets_what_the_institution_gets(world):
    own, seen = made(world.report()), made(world.report(Role.SUPERVISOR))
    assert paths(own, "files/") == paths(seen, "files/")
    assert index_of(seen)["requested_by"]["body"] == world.authority.name


def test_two_institutions_never_mix(world):
    other = World()
    archive = made(world.report())
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert other.institution.credit_code.encode() not in everything
    assert {entry["id"] for entry in index_of(archive)["files"]} == {
        str(file.pk) for file in world.institution.evidence.exclude(frozen_at=None)
    }


def test_out_of_scope_it_is_not_made(world, caplog):
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    report = ReportFactory(
        kind=ReportKind.EVIDENCE_PACKAGE, plan=world.plan, institution=world.institution, authority=elsewhere
    )
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.file.name) == (ReportState.QUEUED, "")
    assert "PermissionDenied" in report.error


class TestMissing:
    def only(self, archive, name):
        return next(entry for entry in index_of(archive)["files"] if entry["name"] == name)

    def test_a_deleted_file_is_named_with_its_digests(self, world):
        stored = world.early.evidence.get().stored
        StoredFile.objects.filter(pk=stored.pk).update(
            state=FileState.DELETED,
            path="",
            deleted_at=timezone.now(),
            deleted_by=member(world.authority, Role.LEAD_SUPERVISOR, name="赵负责"),
            deleted_reason="留存期满",
        )
        archive = made(world.report())
        entry = self.only(archive, "制度 v1.pdf")
        assert (entry["path"], entry["sha256"], entry["sm3"]) == (None, stored.sha256, stored.sm3)
        assert (entry["missing"]["code"], entry["missing"]["by"]) == ("deleted", "赵负责")
        page = archive.read("index.html").decode()
        for words in ("缺失：已按留存规定删除", "赵负责", "留存期满", stored.sha256):
            assert words in page
        assert len(paths(archive, "files/1/")) == 1

    @pytest.mark.parametrize("fault", Fault)
    def test_a_file_in_fault_is_named(self, world, fault):
        StoredFile.objects.filter(pk=world.early.evidence.get().stored_id).update(fault=fault)
        archive = made(world.report())
        assert self.only(archive, "制度 v1.pdf")["missing"]["code"] == fault
        assert len(paths(archive, "files/1/")) == 1

    def test_a_file_that_turns_out_to_be_gone_is_named_too(self, world):
        stored = world.other.evidence.get().stored
        storage_of(stored.place).delete(stored.path)
        archive = made(world.report())
        entry = self.only(archive, "台账.csv")
        assert (entry["path"], entry["missing"]["code"]) == (None, "missing")
        assert "缺失：存储中缺失" in archive.read("index.html").decode()
        assert str(entry["id"]) not in {str(access.evidence_id) for access in EvidenceAccess.objects.all()}


@pytest.mark.parametrize("attempt", ["file", "signed"])
def test_what_was_changed_is_not_handed_out(world, attempt, caplog, client):
    """At once, with the reason, and with nothing left in storage."""
    if attempt == "file":
        stored = world.late.evidence.get().stored
        Path(storage_of(stored.place).path(stored.path)).write_bytes(b"%PDF-1.7 TWO")
    else:
        signed = {"sha256": world.late.sha256, "sm3": world.late.sm3, "signed_by": world.late.signed_by}
        content = {**world.late.content, "part": "lead"}
        Submission.objects.create(assignment=world.first, number=3, content=content, **signed)
    report = world.report()
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.FAILED, 1)
    assert ("制度 v2.pdf" if attempt == "file" else "submissions/1-3/content.json") in report.refusal
    assert not report.file.storage.exists(report_path(report))
    assert not EvidenceAccess.objects.exists()
    client.force_login(report.requested_by)
    assert report.refusal in client.get(report.get_absolute_url()).content.decode().replace("&quot;", '"')


def test_it_counts_as_a_download_of_each_file(world):
    report = world.report(Role.SUPERVISOR)
    made(report)
    accesses = EvidenceAccess.objects.all()
    signed = set(world.institution.evidence.exclude(frozen_at=None).values_list("pk", flat=True))
    assert {access.evidence_id for access in accesses} == signed
    for access in accesses:
        assert (access.kind, access.user, access.body, access.institution) == (
            AccessKind.DOWNLOADED,
            report.requested_by,
            world.authority.name,
            world.institution,
        )
    event = AuditEvent.objects.get(action="report.finish")
    assert (event.institution, event.data["files"], event.data["sha256"]) == (world.institution, 3, report.sha256)
    assert Notice.objects.get().recipient == report.requested_by


def test_size_and_digests_are_those_of_the_file(world):
    report = world.report()
    content = made(report).fp.getvalue()
    assert (report.size, report.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert report.sm3 == hashlib.new("sm3", content).hexdigest()
    assert report.step == ReportStep.STORED
    assert report.file.name.endswith(".zip")


def test_what_is_compressed_already_is_stored_as_it_is(world):
    archive = made(world.report())
    kinds = {info.filename.rsplit(".", 1)[-1]: info.compress_type for info in archive.infolist()}
    assert kinds["pdf"] == zipfile.ZIP_STORED
    assert kinds["csv"] == kinds["json"] == zipfile.ZIP_DEFLATED
    assert all(info.flag_bits & 0x800 for info in archive.infolist() if not info.filename.isascii())


def test_a_large_file_is_never_whole_in_memory(world, tmp_path):
    megabyte, count = bytes(1024 * 1024), 64
    sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
    for _ in range(count):
        sha256.update(megabyte)
        sm3.update(megabyte)
    stored = StoredFileFactory.build(
        institution=world.institution,
        name="录像.zip",
        content_type="application/zip",
        size=count * len(megabyte),
        sha256=sha256.hexdigest(),
        sm3=sm3.hexdigest(),
        place=Place.DISK,
        path=f"evidence/{world.institution.pk}/{sha256.hexdigest()}",
        checked_at=timezone.now(),
        uploaded_by=world.other.signed_by,
    )
    stored.save(force_insert=True)
    path = Path(storage_of(Place.DISK).path(stored.path))
    with path.open("wb") as file:
        file.truncate(stored.size)
    EvidenceFactory(
        assignment=world.second, requirement=world.second.requirements.get(), original_name="录像.zip", stored=stored
    )
    SubmissionFactory(assignment=world.second)
    contents = gather(world.report())
    with (tmp_path / "package.zip").open("w+b") as file:
        tracemalloc.start()
        write(contents, file, timezone.now())
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    path.unlink()
    assert (tmp_path / "package.zip").stat().st_size > stored.size
    assert peak < 12 * len(megabyte)


def test_it_costs_the_same_for_many(world):
    def cost(report):
        with CaptureQueriesContext(connection) as queries:
            gather(report)
        return len(queries)

    report = world.report()
    report = Report.objects.get(pk=report.pk)
    before = cost(report)
    for n in range(3):
        row = world._assignment(10 + n)
        world._submit(row, f"材料{n}.pdf", f"{n}".encode())
    report = Report.objects.get(pk=report.pk)
    assert cost(report) == before


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("制度.pdf", "制度.pdf"),
        ('a<b>:"c"/d\\e|f?*.pdf', "a_b___c__d_e_f__.pdf"),
        ("换行\n和\u202e反写.pdf", "换行_和_反写.pdf"),
        ("末尾. .", "末尾"),
        ("...", "_"),
        ("CON", "CON"),
        ("无后缀", "无后缀"),
        ("a." + "x" * 60, "a." + "x" * 60),
    ],
)
def test_names_that_every_system_takes(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["长" * 251 + ".pdf", "𠀀" * 255, "é" * 200 + ".docx"])
def test_long_names_are_cut_between_characters(name):
    path = file_path(113, name, "f" * 64)
    assert len(path.rsplit("/", 1)[1].encode()) <= 255
    assert len(path) < 200
    assert path.endswith(name[-4:] if "." in name else name[:1])


def test_index_is_in_the_language_asked_for(world):
    report = world.report(language="en")
    with translation.override("zh-hans"):
        assert 'lang="en"' in made(report).read("index.html").decode()
