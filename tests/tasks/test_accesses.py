"""The access log: what is written, once, and who reads it."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.actions import add_member
from portal.accounts.enums import Role
from tasks.accesses import ONCE_WITHIN, address_of, log_access
from tasks.enums import AccessKind
from tasks.models import EvidenceAccess
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.tasks import EvidenceFactory, SubmissionFactory
from tests.factories.vault import StoredFileFactory
from vault.models import Extract

LOG = reverse("tasks:access_log")
V, D = AccessKind.VIEWED, AccessKind.DOWNLOADED


@pytest.fixture
def file(filled):
    stored = StoredFileFactory(institution=filled.institution, content=b"%PDF-1.4 0123", content_type="application/pdf")
    one = EvidenceFactory(assignment=filled, requirement=filled.requirements.first(), stored=stored)
    SubmissionFactory(assignment=filled)
    return one


def kinds() -> list[str]:
    return list(EvidenceAccess.objects.order_by("pk").values_list("kind", flat=True))


def access(evidence, by, kind=V, **fields):
    facts = {"body": "证监会", "address": None} | fields
    log_access(evidence=evidence, by=by, kind=kind, **facts)


class TestWriting:
    def test_who_for_whom_when_and_where_from(self, people, browse, file):
        browse(people.supervisor).get(file.file_url, REMOTE_ADDR="192.0.2.7")
        row = EvidenceAccess.objects.get()
        assert (row.user, row.evidence, row.institution) == (people.supervisor, file, people.institution)
        assert (row.body, row.kind, row.address) == (people.authority.name, V, "192.0.2.7")
        assert timezone.now() - row.at < datetime.timedelta(minutes=1)

    def test_it_is_the_body_that_may_see_the_file(self, people, browse, file):
        """Whichever of two bodies the person acts for."""
        other = add_member(user=people.supervisor, body=AuthorityFactory(kinds=[]), role=Role.SUPERVISOR, by=None)
        client = browse(people.supervisor)
        for number, membership in enumerate(people.supervisor.memberships.all()):
            client.post(reverse("accounts:act_for", args=[membership.pk]))
            with time_machine.travel(timezone.now() + number * 2 * ONCE_WITHIN):
                assert client.get(file.file_url).status_code == 200
        bodies = set(EvidenceAccess.objects.values_list("body", flat=True))
        assert bodies == {people.authority.name} != {other.body.name}
        assert EvidenceAccess.objects.count() == 2

    def test_a_download_is_not_a_view(self, people, browse, file):
        client = browse(people.supervisor)
        client.get(file.file_url)
        client.get(file.download_url)
        assert kinds() == [V, D]

    def test_what_opens_only_by_download_is_one(self, people, browse, filled):
        browse(people.cio).get(filled.evidence.first().file_url)
        assert kinds() == [D]

    def test_the_parts_that_a_viewer_asks_for_are_one_reading(self, people, browse, file):
        client = browse(people.supervisor)
        for part in ("bytes=0-3", "bytes=4-7", "bytes=-2"):
            assert client.get(file.file_url, headers={"Range": part}).status_code == 206
        assert kinds() == [V]

    def test_looking_again_later_is_another(self, people, file):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            access(file, people.cio)
            clock.shift(ONCE_WITHIN - datetime.timedelta(seconds=1))
            access(file, people.cio)
            assert kinds() == [V]
            clock.shift(datetime.timedelta(seconds=1))
            access(file, people.cio)
            assert kinds() == [V, V]

    def test_each_person_and_each_version_for_itself(self, people, filled, file):
        other = filled.evidence.exclude(pk=file.pk).first()
        for evidence in (file, other):
            for person in (people.cio, people.supervisor):
                access(evidence, person)
        assert len(kinds()) == 4

    def test_what_the_browser_still_has_was_seen_too(self, people, browse, file):
        answer = browse(people.cio).get(file.file_url, headers={"If-None-Match": f'"{file.sha256}"'})
        assert (answer.status_code, kinds()) == (304, [V])

    def test_neither_a_head_nor_a_refusal_is_logged(self, people, browse, file):
        client = browse(people.cio)
        assert client.head(file.file_url).status_code == 200
        assert client.get(file.file_url, headers={"Range": "bytes=999-"}).status_code == 416
        stranger = browse(member(InstitutionFactory(), Role.CIO))
        assert stranger.get(file.file_url).status_code == 404
        assert kinds() == []

    def test_text_on_the_page_is_a_view_and_a_page_without_it_is_not(self, people, browse, filled, file):
        client = browse(people.cio)
        client.get(file.get_absolute_url())
        assert kinds() == []
        Extract.objects.create(stored=file.stored, blocks=[{"kind": "text", "text": "第一条"}])
        client.head(file.get_absolute_url())
        assert kinds() == []
        client.get(file.get_absolute_url())
        assert kinds() == [V]

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_are_one(self, people, file):
        def open_it(_number: int) -> None:
            try:
                access(file, people.cio)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(open_it, range(8)))
        assert kinds() == [V]

    def test_a_line_is_never_changed(self, people, file):
        access(file, people.cio)
        for attempt in (EvidenceAccess.objects.all().delete, lambda: EvidenceAccess.objects.update(body="x")):
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()


class TestAddress:
    @pytest.mark.parametrize(
        ("remote", "forwarded", "trusts", "address"),
        [
            ("192.0.2.1", "203.0.113.9", False, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.1, 203.0.113.9", True, "203.0.113.9"),
            ("192.0.2.1", None, True, "192.0.2.1"),
            ("192.0.2.1", "unknown", True, None),
            ("2001:db8::1", None, False, "2001:db8::1"),
            ("fe80::1%eth0", None, False, "fe80::1"),
            ("", None, False, None),
        ],
        ids=["direct", "proxy", "proxy-silent", "no-address", "ipv6", "scoped", "unix-socket"],
    )
    def test_where_from(self, settings, remote, forwarded, trusts, address):
        settings.TRUSTED_PROXY = trusts
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        assert address_of(RequestFactory(headers=headers, REMOTE_ADDR=remote).get("/")) == address


class TestReading:
    @pytest.mark.parametrize("who", ["contributor", "liaison", "cio"])
    def test_the_institution_reads_the_log_of_its_own_files(self, people, browse, file, who):
        access(file, people.supervisor, body="上海监管局", address="192.0.2.7")
        elsewhere = EvidenceFactory(requirement=file.requirement, original_name="别家.pdf")
        access(elsewhere, people.supervisor)
        page = browse(getattr(people, who)).get(LOG).text
        for words in (people.supervisor.name, "上海监管局", "192.0.2.7", file.original_name, file.get_absolute_url()):
            assert words in page
        assert "别家.pdf" not in page

    @pytest.mark.parametrize("who", ["supervisor", "lead", "observer"])
    def test_supervisors_do_not(self, people, browse, file, who):
        access(file, people.cio, body="本机构的人")
        client = browse(getattr(people, who))
        assert client.get(LOG).status_code == 403
        page = client.get(file.get_absolute_url()).text
        assert "本机构的人" not in page and LOG not in page

    def test_the_last_ones_stand_on_the_files_page(self, people, browse, file):
        access(file, people.supervisor, D, body="上海监管局")
        page = browse(people.cio).get(file.get_absolute_url()).text
        assert "上海监管局" in page and LOG in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("who=上海", ["seen.pdf"]),
            ("kind=downloaded", ["kept.pdf"]),
            ("q=KEPT", ["kept.pdf"]),
            ("since=2026-03-02", ["kept.pdf"]),
            ("until=2026-03-01", ["seen.pdf"]),
            ("since=2026-03-01&until=2026-03-02", ["kept.pdf", "seen.pdf"]),
            ("since=2026-03-03", []),
            ("who=%00", []),
            ("kind=x", []),
            ("since=x", []),
        ],
        ids=["body", "kind", "name", "since", "until", "between", "after", "null", "no-kind", "no-date"],
    )
    def test_filters(self, people, browse, file, query, found):
        seen = EvidenceFactory(assignment=file.assignment, requirement=file.requirement, original_name="seen.pdf")
        kept = EvidenceFactory(assignment=file.assignment, requirement=file.requirement, original_name="kept.pdf")
        # Half an hour before and after midnight in Shanghai.
        with time_machine.travel("2026-03-01T15:30:00Z"):
            access(seen, people.supervisor, body="上海监管局")
        with time_machine.travel("2026-03-01T16:30:00Z"):
            access(kept, people.cio, D, body="某证券")
        answer = browse(people.cio).get(f"{LOG}?{query}")
        assert [row.evidence.original_name for row in answer.context["page"].rows] == found

    def test_page_after_page(self, people, browse, file):
        EvidenceAccess.objects.bulk_create(
            EvidenceAccess(institution=people.institution, evidence=file, user=people.cio, body=f"第{number}次", kind=V)
            for number in range(120)
        )
        client, after, read = browse(people.cio), "", []
        for _page in range(3):
            page = client.get(LOG, {"after": after} if after else {}).context["page"]
            read += [row.body for row in page.rows]
            after = page.next_cursor
        assert sorted(read) == sorted({f"第{number}次" for number in range(120)})
        assert after == ""

    def test_a_row_more_costs_no_query_more(self, people, browse, filled, file):
        client, counts = browse(people.cio), []
        for readers in ([people.supervisor], [people.lead, people.observer]):
            for reader in readers:
                access(file, reader)
                access(filled.evidence.first(), reader, D)
            client.get(LOG)
            with CaptureQueriesContext(connection) as queries:
                client.get(LOG)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_empty_it_says_what_to_do(self, people, browse):
        assert "还没有人查看或下载过本机构的文件" in browse(people.cio).get(LOG).text
        assert "没有符合条件的记录" in browse(people.cio).get(f"{LOG}?q=x").text
