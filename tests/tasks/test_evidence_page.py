"""The page of a file: who sees it, what it shows of the document, and the way to its neighbours."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertInHTML

from portal.accounts.enums import Role
from tasks.models import Evidence
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory
from tests.factories.vault import StoredFileFactory
from tests.tasks.world import make_task
from vault.enums import FileState, Finding, Flag
from vault.models import Extract, StoredFile

OWN = ["contributor", "liaison", "cio"]
ABOVE = ["supervisor", "lead", "observer"]


@pytest.fixture
def assignment(people):
    task = make_task(requirements=3)
    return AssignmentFactory(task=task, institution=people.institution, state="in_progress")


@pytest.fixture
def put(assignment):
    """Put a file forward: `put("a.pdf", requirement=1, content_type=…)`."""

    def make(name: str, requirement: int = 0, **fields) -> Evidence:
        answered = assignment.requirements.order_by("number")[requirement]
        content = fields.pop("content", name.encode())
        if "stored" not in fields:
            kind = {key: fields.pop(key) for key in ("content_type", "flags", "tags", "expires_on") if key in fields}
            fields["stored"] = StoredFileFactory(institution=assignment.institution, content=content, name=name, **kind)
        return EvidenceFactory(assignment=assignment, requirement=answered, original_name=name, **fields)

    return make


def says(evidence: Evidence, *blocks, is_cut=False) -> Evidence:
    Extract.objects.create(stored=evidence.stored, blocks=list(blocks), is_cut=is_cut)
    return evidence


def text(words: str) -> dict:
    return {"kind": "text", "text": words}


def read(client, evidence, query="") -> str:
    answer = client.get(f"{evidence.get_absolute_url()}{query}")
    assert answer.status_code == 200
    return answer.text


class TestVisibility:
    @pytest.mark.parametrize("who", OWN + ABOVE)
    def test_supervisors_see_it_once_it_is_signed(self, people, browse, assignment, put, who):
        evidence = put("a.pdf", content_type="application/pdf")
        client = browse(getattr(people, who))
        assert client.get(evidence.get_absolute_url()).status_code == (200 if who in OWN else 404)
        SubmissionFactory(assignment=assignment)
        assert client.get(evidence.get_absolute_url()).status_code == 200

    def test_others_never(self, browse, assignment, put):
        evidence = put("a.pdf")
        SubmissionFactory(assignment=assignment)
        stranger = member(InstitutionFactory(), Role.CIO)
        assert browse(stranger).get(evidence.get_absolute_url()).status_code == 404

    def test_a_supervisor_reads_nothing_of_what_was_not_signed(self, people, browse, assignment, put):
        first = put("signed.pdf", content_type="application/pdf")
        SubmissionFactory(assignment=assignment)
        later = put("later.pdf", series=first.series, version=2)
        Evidence.objects.filter(pk=first.pk).update(superseded_at=timezone.now())
        page = read(browse(people.supervisor), first)
        assert str(later.pk) not in page and "later.pdf" not in page
        assert str(later.pk) in read(browse(people.cio), first)


class TestDocument:
    def test_a_pdf_in_a_frame(self, people, browse, put):
        evidence = says(put("制度.pdf", content_type="application/pdf"), text("第一条"))
        page = read(browse(people.cio), evidence)
        assertInHTML(
            f'<iframe class="document-frame" src="{evidence.file_url}#navpanes=0" title="制度.pdf"></iframe>', page
        )
        assert "第一条" in page
        assert f'href="{evidence.download_url}"' in page

    def test_an_image(self, people, browse, put):
        evidence = put("a.png", content_type="image/png")
        assertInHTML(f'<img src="{evidence.file_url}" alt="a.png">', read(browse(people.cio), evidence))

    def test_an_office_document_as_text_and_tables_only(self, people, browse, put):
        table = {"kind": "table", "name": "Sheet1", "rows": [["系统", "<b>等级</b>"], ["核心", ""]]}
        evidence = says(put("a.xlsx"), text("<script>alert(1)</script>"), table, is_cut=True)
        page = read(browse(people.cio), evidence)
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
        assertInHTML("<caption>Sheet1</caption>", page)
        assertInHTML("<td>&lt;b&gt;等级&lt;/b&gt;</td>", page)
        assert "只显示开头部分" in page

    def test_nothing_can_be_shown(self, people, browse, put):
        page = read(browse(people.cio), put("旧版.doc", content_type="application/msword"))
        assert "没有可在页面内显示的内容" in page
        assert "<iframe" not in page

    def test_a_pdf_with_scripts_is_only_told_of(self, people, browse, put):
        page = read(browse(people.cio), put("a.pdf", content_type="application/pdf", flags=[Flag.SCRIPTS]))
        assert "<iframe" not in page
        assert "可执行的脚本" in page

    def test_macros_are_told_of(self, people, browse, put):
        assert "请勿启用宏" in read(browse(people.cio), put("a.xls", flags=[Flag.MACROS]))

    @pytest.mark.parametrize(
        ("state", "facts", "words"),
        [
            (FileState.RECEIVED, {}, "检查通过后才能查看和下载"),
            (
                FileState.REFUSED,
                {"finding": Finding.NESTED, "finding_detail": "a.exe", "path": ""},
                "压缩包内含不受支持的文件",
            ),
        ],
        ids=["received", "refused"],
    )
    def test_what_did_not_pass_is_explained_and_not_shown(self, people, browse, put, assignment, state, facts, words):
        stored = StoredFileFactory(institution=assignment.institution, content=b"x", state=state, **facts)
        evidence = put("a.pdf", stored=stored)
        StoredFile.objects.filter(pk=stored.pk).update(content_type="application/pdf")
        page = read(browse(people.cio), evidence)
        assert words in page
        assert "<iframe" not in page and evidence.download_url not in page
        assert ("a.exe" in page) == (state == FileState.REFUSED)

    def test_of_a_deleted_one_the_record_stays(self, people, browse, put, assignment):
        stored = StoredFileFactory(
            institution=assignment.institution,
            content=b"x",
            state=FileState.DELETED,
            deleted_at=timezone.now(),
            deleted_by=people.lead,
            deleted_reason="留存期已满。",
            path="",
        )
        page = read(browse(people.cio), put("a.pdf", stored=stored))
        for words in ("留存期已满。", people.authority.local_name, stored.sha256, stored.sm3):
            assert words in page


class TestFacts:
    def test_what_is_known_of_it(self, people, browse, put, assignment):
        evidence = put("a.pdf", tags=["等保"], expires_on=datetime.date(2031, 5, 6), uploaded_by=people.contributor)
        StoredFile.objects.filter(pk=evidence.stored_id).update(
            scanned_at=timezone.now(), scanner="ClamAV 1.4 / 27800", verified_at=timezone.now()
        )
        SubmissionFactory(assignment=assignment)
        page = read(browse(people.cio), evidence)
        for words in (
            evidence.sha256,
            evidence.sm3,
            "ClamAV 1.4 / 27800",
            "2031-05-06",
            "等保",
            people.contributor.name,
            evidence.requirement.reference,
            "第 1 次报送",
        ):
            assert words in page

    def test_without_a_scanner_it_says_so(self, people, browse, put):
        assert "未扫描" in read(browse(people.cio), put("a.pdf"))

    def test_every_version_is_linked(self, people, browse, put):
        first = put("v1.pdf", superseded_at=timezone.now())
        second = put("v2.pdf", series=first.series, version=2)
        page = read(browse(people.cio), first)
        assert "已被新版本替换" in page
        assert f'href="{second.get_absolute_url()}"' in page


def hrefs(page: str) -> dict[str, str]:
    """Where the links to the neighbours lead."""
    return {
        rel: page.split(f'rel="{rel}"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
        for rel in ("prev", "next")
        if f'rel="{rel}"' in page
    }


class TestSteps:
    def test_an_institution_walks_through_the_task_in_the_plans_order(self, people, browse, put):
        last, first, middle = put("c.txt", requirement=2), put("a.txt"), put("b.txt", requirement=1)
        put("old.txt", withdrawn_at=timezone.now())
        client = browse(people.cio)
        assert hrefs(read(client, first)) == {"next": middle.get_absolute_url()}
        page = read(client, middle)
        assert hrefs(page) == {"prev": first.get_absolute_url(), "next": last.get_absolute_url()}
        assert "2 / 3" in page
        assert "old.txt" not in page
        assert hrefs(read(client, last)) == {"prev": middle.get_absolute_url()}

    def test_one_that_was_replaced_stands_beside_the_way(self, people, browse, put):
        put("a.txt")
        old = put("old.txt", withdrawn_at=timezone.now())
        assert hrefs(read(browse(people.cio), old)) == {}

    def test_a_supervisor_walks_through_the_submission_as_it_was_signed(self, people, browse, put, assignment):
        first, second = put("a.txt"), put("b.txt", requirement=1)
        one = SubmissionFactory(assignment=assignment)
        third = put("c.txt", requirement=2)
        two = SubmissionFactory(assignment=assignment)
        client = browse(people.supervisor)
        newest = read(client, second)
        assert hrefs(newest)["next"] == f"{third.get_absolute_url()}?submission={two.pk}"
        assert reverse("assessments:review_submission", args=[two.pk]) in newest
        older = read(client, second, f"?submission={one.pk}")
        assert hrefs(older) == {"prev": f"{first.get_absolute_url()}?submission={one.pk}"}

    def test_the_filters_of_the_queue_come_along(self, people, browse, put, assignment):
        put("a.txt")
        evidence = put("b.txt", requirement=1)
        submission = SubmissionFactory(assignment=assignment)
        page = read(browse(people.supervisor), evidence, f"?submission={submission.pk}&kind=fund&kind=core")
        review = reverse("assessments:review_submission", args=[submission.pk])
        assert f'href="{review}?kind=fund&amp;kind=core"' in page
        assert hrefs(page)["prev"].endswith(f"?submission={submission.pk}&kind=fund&kind=core")

    @pytest.mark.parametrize("asked", ["0", "x", "999999999999999999999", "-1", "%00"])
    def test_a_submission_that_does_not_hold_it_is_not_walked(self, people, browse, put, assignment, asked):
        evidence = put("a.txt")
        SubmissionFactory(assignment=assignment)
        assert "1 / 1" in read(browse(people.supervisor), evidence, f"?submission={asked}")

    def test_another_institutions_submission_is_not_walked(self, people, browse, put):
        elsewhere = SubmissionFactory()
        page = read(browse(people.cio), put("a.txt"), f"?submission={elsewhere.pk}")
        assert "本任务的材料" in page and reverse("assessments:review_submission", args=[elsewhere.pk]) not in page

    def test_the_institution_goes_back_to_its_task(self, people, browse, put, assignment):
        evidence = put("a.txt")
        submission = SubmissionFactory(assignment=assignment)
        page = read(browse(people.cio), evidence, f"?submission={submission.pk}")
        assert "第 1 次报送的材料" in page
        assert reverse("assessments:review_submission", args=[submission.pk]) not in page


@pytest.mark.parametrize("who", ["cio", "supervisor"])
def test_the_page_costs_the_same_however_many_files_stand_beside_it(people, browse, put, assignment, who):
    evidence = says(put("0.txt"), text("一"))
    client, counts = browse(getattr(people, who)), []
    for number in range(2, 4):
        for requirement in range(3):
            put(f"{number}.{requirement}.txt", requirement=requirement, uploaded_by=people.contributor)
        put(f"v{number}.txt", series=evidence.series, version=number, superseded_at=timezone.now())
        SubmissionFactory(assignment=assignment)
        read(client, evidence)
        with CaptureQueriesContext(connection) as queries:
            read(client, evidence)
        counts.append(len(queries))
    assert counts[0] == counts[1]
