"""The library of an institution's files: whose, what each row says, filters, and a file's own page."""

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory, fill_in
from tests.factories.vault import ExtractFactory, StoredFileFactory
from vault import actions
from vault.models import StoredFile
from vault.views import library

pytestmark = pytest.mark.django_db
LIBRARY = reverse("vault:library")
TODAY = datetime.date(2026, 7, 1)


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def contributor(institution):
    return member(institution, Role.CONTRIBUTOR)


@pytest.fixture
def client(contributor):
    return signed_in(contributor)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rows_of(response) -> list:
    return [row.pk for row in response.context["page"].rows]


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def put_forward(institution, **fields):
    task = TaskFactory()
    requirement = RequirementFactory(task=task)
    return EvidenceFactory(
        assignment=AssignmentFactory(task=task, institution=institution, state="in_progress"),
        requirement=requirement,
        **fields,
    )


class TestList:
    @pytest.mark.parametrize("role", [Role.LIAISON, Role.CONTRIBUTOR, Role.CIO])
    def test_everybody_in_the_institution_sees_its_files_only(self, institution, role):
        own = StoredFileFactory(institution=institution)
        StoredFileFactory()
        assert rows_of(signed_in(member(institution, role)).get(LIBRARY)) == [own.pk]

    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
    def test_not_for_authorities(self, institution, role):
        stored = StoredFileFactory(institution=institution)
        client = signed_in(member(AuthorityFactory(), role))
        assert client.get(LIBRARY).status_code == 403
        assert client.get(stored.get_absolute_url()).status_code == 403

    def test_somebody_in_two_firms_sees_the_one_acted_for(self, institution, contributor, client):
        other = StoredFileFactory()
        own = StoredFileFactory(institution=institution)
        contributor.memberships.create(institution=other.institution, role=Role.CIO)
        contributor.groups.add(other.institution.group)
        for membership in contributor.memberships.all():
            client.post(reverse("accounts:act_for", args=[membership.pk]))
            assert rows_of(client.get(LIBRARY)) == [own.pk if membership.institution == institution else other.pk]

    def test_what_each_row_says(self, institution, client):
        evidence = put_forward(institution, original_name="等保备案.txt")
        again = RequirementFactory(task=evidence.assignment.task)
        EvidenceFactory(assignment=evidence.assignment, requirement=again, stored=evidence.stored)
        SubmissionFactory(assignment=evidence.assignment)
        StoredFile.objects.update(
            tags=["等保", "年度"], flags=["macros"], expires_on=timezone.localdate() - datetime.timedelta(days=1)
        )
        page = client.get(LIBRARY)
        content = page.content.decode()
        for words in (
            *("等保备案.txt", "文本文件", "检查通过", "含宏", "等保", "年度", "已过期", "已签署"),
            *(evidence.requirement.reference, again.reference, evidence.sha256[:8], evidence.uploaded_by.name),
        ):
            assert words in content
        assert f"{evidence.assignment.get_absolute_url()}#requirement-{again.pk}" in content
        assert len(rows_of(page)) == 1

    def test_a_file_that_is_withdrawn_everywhere_is_unused(self, institution, client):
        put_forward(institution, withdrawn_at=timezone.now())
        assert "未使用" in client.get(LIBRARY).content.decode()

    def test_what_did_not_pass_says_why(self, institution, client):
        StoredFileFactory(institution=institution, state="refused", finding="encrypted", path="")
        content = client.get(LIBRARY).content.decode()
        assert "未通过检查" in content
        assert "受密码保护" in content

    def test_a_silent_scanner_is_told_of_while_files_wait(self, institution, client, monkeypatch):
        monkeypatch.setattr(library, "is_answering", lambda: False)
        assert "没有响应" not in client.get(LIBRARY).content.decode()
        StoredFileFactory(institution=institution, state="received")
        content = client.get(LIBRARY).content.decode()
        assert "待检查" in content
        assert "没有响应" in content

    def test_hits_are_shown_and_escaped(self, institution, client):
        ExtractFactory(text="记录 <b>应急 演练</b> 与总结", stored__institution=institution)
        content = client.get(LIBRARY, {"q": "应急演练"}).content.decode()
        assert "<mark>应急 演练</mark>" in content
        assert "&lt;b&gt;" in content
        assert "<b>应急" not in content

    def test_nothing_found_and_nothing_there(self, client):
        assert "尚无证明材料" in client.get(LIBRARY).content.decode()
        assert "没有符合条件" in client.get(LIBRARY, {"q": "没有"}).content.decode()
        assert "筛选条件有误" in client.get(LIBRARY, {"state": "nonsense"}).content.decode()

    def test_pages(self, institution, client, monkeypatch):
        monkeypatch.setattr(library, "ROWS_A_PAGE", 1)
        old, new = (StoredFileFactory(institution=institution, content=name) for name in (b"1", b"2"))
        first = client.get(LIBRARY)
        cursor = first.context["page"].next_cursor
        second = client.get(LIBRARY, {"after": cursor})
        assert rows_of(first) + rows_of(second) == [new.pk, old.pk]

    def test_queries(self, institution, client):
        put_forward(institution, content="应急演练一".encode())
        one = {url: queries_of(client, url) for url in (LIBRARY, f"{LIBRARY}?q=材料")}
        for number in range(2):
            put_forward(institution, content=b"%d" % number)
        fill_in(AssignmentFactory(institution=institution, task=RequirementFactory().task))
        for url, queries in one.items():
            assert queries_of(client, url) == queries


class TestFilters:
    @pytest.fixture
    def files(self, institution):
        today = timezone.localdate()
        used = put_forward(institution, original_name="使用.txt", content=b"1")
        signed = put_forward(institution, original_name="签署.txt", content=b"2", frozen_at=timezone.now())
        gone = put_forward(institution, content=b"3", withdrawn_at=timezone.now())
        waiting = StoredFileFactory(institution=institution, state="received", content=b"4")
        rows = {"used": used.stored, "signed": signed.stored, "gone": gone.stored, "waiting": waiting}
        for name, tags, days in (("used", ["等保"], -1), ("signed", ["等保", "审计"], 20), ("waiting", [], 60)):
            StoredFile.objects.filter(pk=rows[name].pk).update(
                tags=tags, expires_on=today + datetime.timedelta(days=days)
            )
        self.task = used.assignment.task
        return rows

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"q": "签署"}, {"signed"}),
            ({"tag": "等保"}, {"used", "signed"}),
            ({"tag": "审计"}, {"signed"}),
            ({"state": "received"}, {"waiting"}),
            ({"expiry": "expired"}, {"used"}),
            ({"expiry": "30"}, {"signed"}),
            ({"expiry": "90"}, {"signed", "waiting"}),
            ({"use": "used"}, {"used", "signed"}),
            ({"use": "unused"}, {"gone", "waiting"}),
            ({"use": "signed"}, {"signed"}),
            ({"tag": "等保", "use": "unused"}, set()),
        ],
    )
    def test_filters(self, client, files, query, expected):
        response = client.get(LIBRARY, query)
        assert set(rows_of(response)) == {files[name].pk for name in expected}
        assert "全部清除" in response.content.decode()

    def test_by_task(self, client, files):
        assert rows_of(client.get(LIBRARY, {"task": self.task.number})) == [files["used"].pk]

    def test_only_own_tags_and_tasks_are_offered(self, client, files):
        StoredFileFactory(tags=["别家"])
        other = put_forward(InstitutionFactory())
        fields = client.get(LIBRARY).context["filterset"].form.fields
        assert [value for value, _label in fields["tag"].choices] == ["", "审计", "等保"]
        numbers = {value for value, _label in fields["task"].choices}
        assert self.task.number in numbers
        assert other.assignment.task.number not in numbers


class TestFile:
    @pytest.fixture
    def stored(self, institution):
        return put_forward(institution, original_name="备案证明.txt").stored

    def test_what_the_page_says(self, client, stored):
        evidence = stored.evidence.get()
        SubmissionFactory(assignment=evidence.assignment)
        content = client.get(stored.get_absolute_url()).content.decode()
        for words in (
            *("备案证明.txt", stored.sha256, stored.sm3, "检查通过", "使用中", "已签署", "第 1 次"),
            *(evidence.requirement.local_text, reverse("tasks:evidence", args=[evidence.pk])),
        ):
            assert words in content

    def test_other_institutions_files_are_not_there(self, client):
        assert client.get(StoredFileFactory().get_absolute_url()).status_code == 404

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"state": "received"}, "正在排队检查"),
            ({"state": "refused", "finding": "damaged", "finding_detail": "a.zip"}, "文件已损坏"),
            ({"state": "quarantined", "finding": "malware", "finding_detail": "Test.Signature"}, "Test.Signature"),
            ({"flags": ["scripts"]}, "含脚本"),
            ({"fault": "missing"}, "文件缺失"),
        ],
    )
    def test_the_check_in_words(self, client, institution, facts, words):
        if facts.get("state") == "quarantined":
            facts = facts | {"quarantined_at": timezone.now(), "place": "quarantine"}
        if facts.get("state") == "refused":
            facts = facts | {"path": ""}
        stored = StoredFileFactory(institution=institution, **facts)
        assert words in client.get(stored.get_absolute_url()).content.decode()

    def test_a_tombstone_says_who_and_why(self, client, institution, contributor):
        stored = StoredFileFactory(
            institution=institution,
            state="deleted",
            path="",
            deleted_at=timezone.now(),
            deleted_by=contributor,
            deleted_reason="保存期满",
        )
        page = client.get(stored.get_absolute_url())
        for words in ("文件已删除", "保存期满", contributor.name, stored.sha256):
            assert words in page.content.decode()
        assert page.context["form"] is None
        assert client.post(stored.get_absolute_url(), {"tags": "x"}).status_code == 403

    def test_queries(self, client, stored):
        evidence = stored.evidence.get()
        one = queries_of(client, stored.get_absolute_url())
        for _ in range(2):
            requirement = RequirementFactory(task=evidence.assignment.task)
            EvidenceFactory(assignment=evidence.assignment, requirement=requirement, stored=stored)
        SubmissionFactory(assignment=evidence.assignment)
        assert queries_of(client, stored.get_absolute_url()) == one


class TestDescribing:
    @pytest.fixture
    def stored(self, institution):
        return StoredFileFactory(institution=institution, tags=["旧"], expires_on=datetime.date(2026, 12, 31))

    @pytest.fixture
    def save(self, client, stored):
        def post(tags="旧", expires_on="2026-12-31", seen=None):
            data = {"tags": tags, "expires_on": expires_on, "seen": seen or stored.description}
            response = client.post(stored.get_absolute_url(), data)
            stored.refresh_from_db()
            return response

        return post

    def test_tags_are_cleaned(self, save, stored, contributor):
        response = save(" 等保，ＩＳＯ 27001、等保;iso 27001；  年  度,,", "2027-01-31")
        assert response.url == stored.get_absolute_url()
        assert stored.tags == ["等保", "ISO 27001", "年 度"]
        assert stored.expires_on == datetime.date(2027, 1, 31)
        event = AuditEvent.objects.get(action="storedfile.described")
        assert (event.actor_id, event.data["tags"], event.data["before"]) == (
            contributor.pk,
            stored.tags,
            "旧|2026-12-31",
        )

    def test_both_may_be_cleared(self, save, stored):
        save("", "")
        assert (stored.tags, stored.expires_on) == ([], None)

    def test_saving_what_is_there_leaves_no_trace(self, save):
        assert save().status_code == 302
        assert not AuditEvent.objects.filter(action="storedfile.described").exists()

    @pytest.mark.parametrize(
        ("tags", "expires_on", "words"),
        [
            ("、".join("甲乙丙丁戊己庚辛壬癸子"), "", "最多 10 个标签，现有 11 个"),
            ("长" * 31, "", "超过 30 个字"),
            ("甲", "0026-01-01", "请核对年份"),
            ("甲", "2199-01-01", "请核对年份"),
            ("甲", "明年", "有效的日期"),
        ],
    )
    def test_what_makes_no_sense_is_explained_and_nothing_typed_is_lost(self, save, stored, tags, expires_on, words):
        response = save(tags, expires_on)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert tags in response.content.decode()
        assert stored.tags == ["旧"]

    def test_nobodys_change_is_overwritten_unseen(self, save, stored, institution):
        seen = stored.description
        other = member(institution, Role.LIAISON)
        actions.describe(stored=stored, tags=["他人"], expires_on=None, seen=seen, by=other)
        response = save("我的", "2027-01-31", seen=seen)
        content = response.content.decode()
        assert response.status_code == 409
        for words in ("他人已先修改", "我的", "标签：他人"):
            assert words in content
        assert stored.tags == ["他人"]
        assert save("我的", "2027-01-31", seen=response.context["form"]["seen"].value()).status_code == 302
        assert stored.tags == ["我的"]

    def test_a_cio_reads_and_does_not_write(self, institution, stored):
        client = signed_in(member(institution, Role.CIO))
        page = client.get(stored.get_absolute_url())
        assert page.context["form"] is None
        assert "2026-12-31" in page.content.decode()
        data = {"tags": "新", "seen": stored.description}
        assert client.post(stored.get_absolute_url(), data).status_code == 403

    def test_known_tags_are_suggested(self, client, institution, stored):
        StoredFileFactory(institution=institution, tags=["审计", "旧"], content=b"other")
        StoredFileFactory(tags=["别家"])
        assert client.get(stored.get_absolute_url()).context["form"].suggestions == ["旧、审计"]
