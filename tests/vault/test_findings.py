"""The checks from arrival to verdict, with a real scanner: what comes of it, who is told, and what is left lying."""

import datetime
import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.clamd import EICAR
from portal.notices.models import Notice
from portal.notices.texts import REFUSALS
from tests.conftest import CLAMD_MAX_BYTES
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.vault import StoredFileFactory
from tests.vault import documents, samples
from vault import checking, scanner
from vault.checking import check
from vault.enums import Finding, Place
from vault.file_types import BY_EXTENSION
from vault.jobs import resume_checks
from vault.places import storage_of

pytestmark = pytest.mark.django_db

NOBODY = "unix:///nonexistent/clamd.sock"


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def people(institution):
    """The uploader and the liaison, who are told, and others, who are not."""
    uploader, liaison = member(institution, Role.CONTRIBUTOR), member(institution, Role.LIAISON)
    member(institution, Role.CIO)
    member(InstitutionFactory(), Role.LIAISON)
    return uploader, liaison


@pytest.fixture
def arrive(institution, people):
    def arrived(name, content, **fields):
        content_type = BY_EXTENSION[name.rpartition(".")[2]].content_type
        facts = {"institution": institution, "uploaded_by": people[0], "state": "received"} | fields
        return StoredFileFactory(name=name, content=content, content_type=content_type, **facts)

    return arrived


def checked(stored):
    before = (stored.place, stored.path)
    check(stored_id=stored.pk)
    stored.refresh_from_db()
    return before


EICAR_FOUND = ("quarantined", "malware", "Portal.Eicar-Test.UNOFFICIAL")
STOPPED = [
    ("eicar.txt", lambda: EICAR, *EICAR_FOUND),
    ("eicar.zip", lambda: documents.archive({"a.txt": EICAR}), *EICAR_FOUND),
    ("eicar deep.zip", lambda: documents.layered(documents.archive({"a.txt": EICAR}), 1), *EICAR_FOUND),
    ("eicar.docx", lambda: documents.with_parts(documents.word(), {"word/a.bin": EICAR}), *EICAR_FOUND),
    (
        "too long.txt",
        lambda: b"a" * (CLAMD_MAX_BYTES + 1),
        "refused",
        "not_scannable",
        "Heuristics.Limits.Exceeded.StreamMaxLength",
    ),
    ("a.pdf", lambda: samples.PNG, "refused", "type", ""),
    ("page.gif", lambda: b"GIF89a" + samples.HTML, "refused", "damaged", ""),
    ("secret.docx", documents.encrypted_office, "refused", "encrypted", ""),
    ("program.zip", lambda: documents.archive({"setup.exe": samples.EXE}), "refused", "nested", "setup.exe"),
    ("bomb.zip", documents.bomb, "refused", "archive_limits", "零.txt"),
    ("up.zip", lambda: documents.archive({"../a.txt": b"a"}), "refused", "unsafe_names", "../a.txt"),
]


@pytest.mark.parametrize(("name", "make", "state", "finding", "detail"), STOPPED, ids=[name for name, *_ in STOPPED])
def test_what_is_stopped(clamd, arrive, people, name, make, state, finding, detail):
    content = make()
    stored = arrive(name, content)
    old_place, old_path = checked(stored)
    assert (stored.state, stored.finding, stored.finding_detail) == (state, finding, detail)
    assert not storage_of(old_place).exists(old_path)
    if state == "quarantined":
        assert stored.place == Place.QUARANTINE
        with stored.open() as file:
            assert file.read() == content
    else:
        assert stored.path == ""
    event = AuditEvent.objects.get(action=f"storedfile.{state.removesuffix('d')}")
    assert (event.data["finding"], event.data["detail"]) == (finding, detail)
    notices = Notice.objects.filter(kind="file_refused")
    assert {notice.recipient for notice in notices} == set(people)
    for notice in notices:
        assert notice.path == stored.get_absolute_url()
        assert f"“{name}”" in notice.subject and f"“{name}”" in notice.body
        assert not detail or f"（{detail}）" in notice.body
        with translation.override("en"):
            assert name in notice.subject and detail in notice.body and "%(" not in notice.body


def test_every_finding_is_told():
    assert set(REFUSALS) == set(Finding.values)


@pytest.mark.parametrize(
    ("name", "make", "flags"),
    [
        ("a.docx", documents.word, []),
        ("a.docm", documents.word_with_macros, ["macros"]),
        ("script.pdf", lambda: documents.acting("JavaScript"), ["scripts"]),
    ],
)
def test_what_passes(clamd, arrive, name, make, flags):
    stored = arrive(name, make())
    checked(stored)
    assert (stored.state, stored.flags) == ("clean", flags)
    assert stored.scanner.startswith("ClamAV 1.")
    assert stored.scanned_at is not None
    assert stored.extract.text == (
        "" if name.endswith("pdf") else "网络安全应急预案\n事项\t负责人\n演练\t信息部\n每年演练一次"
    )
    assert ("应急" in stored.extract.bigrams) is not name.endswith("pdf")
    assert not Notice.objects.exists()


def test_files_that_lie_where_checked_ones_do(clamd, place, arrive):
    """Those of before the checks: what passes stays where it is, and nothing else does."""
    good, bad, infected = (
        arrive("a.txt", b"abc", place=place),
        arrive("a.pdf", samples.PNG, place=place),
        arrive("eicar.txt", EICAR, place=place),
    )
    places = [checked(stored) for stored in (good, bad, infected)]
    assert [stored.state for stored in (good, bad, infected)] == ["clean", "refused", "quarantined"]
    assert [storage_of(there).exists(path) for there, path in places] == [True, False, False]
    assert (good.place, good.path) == places[0]
    with infected.open() as file:
        assert file.read() == EICAR


def test_a_site_without_a_scanner_says_so(settings, arrive):
    settings.CLAMD = "none"
    stored = arrive("eicar.txt", EICAR)
    checked(stored)
    assert (stored.state, stored.scanner, stored.scanned_at) == ("clean", "", None)


def test_without_its_scanner_a_file_waits_and_passes_when_it_is_back(settings, clamd, arrive):
    settings.CLAMD = NOBODY
    stored = arrive("a.txt", b"abc")
    checked(stored)
    assert stored.state == "received"
    settings.CLAMD = clamd
    checked(stored)
    assert stored.state == "clean"


def test_a_scanner_that_goes_in_the_middle(settings, arrive, monkeypatch, caplog):
    settings.CLAMD = NOBODY
    monkeypatch.setattr(scanner, "is_answering", lambda: True)
    stored = arrive("a.txt", b"abc")
    old_place, old_path = checked(stored)
    assert stored.state == "received"
    assert "gives no verdict" in caplog.text
    assert storage_of(old_place).exists(old_path)


def test_nothing_is_queued_while_the_scanner_is_silent(settings, monkeypatch, arrive):
    queued = []
    monkeypatch.setattr("vault.jobs.enqueue", lambda _job, key: queued.append(key))
    stored = arrive("a.txt", b"abc", received_at=timezone.now().replace(year=2025))
    settings.CLAMD = NOBODY
    resume_checks()
    assert queued == []
    settings.CLAMD = "none"
    resume_checks()
    assert queued == [str(stored.pk)]


def test_bytes_that_changed_before_their_check_are_refused(arrive, caplog):
    stored = arrive("a.txt", b"abc")
    storage_of(stored.place).delete(stored.path)
    storage_of(stored.place).save(stored.path, io.BytesIO(b"abd"))
    checked(stored)
    assert (stored.state, stored.finding, stored.path) == ("refused", "damaged", "")
    assert "lies changed" in caplog.text


def test_bytes_that_are_missing_are_waited_for_and_then_refused(arrive, caplog, monkeypatch):
    stored = arrive("a.txt", b"abc")
    storage_of(stored.place).delete(stored.path)
    checked(stored)
    assert stored.state == "received"
    monkeypatch.setattr(checking, "MISSED_FOR", datetime.timedelta(0))
    checked(stored)
    assert (stored.state, stored.finding) == ("refused", "damaged")
    assert "is missing" in caplog.text


# --- manage.py check_files --------------------------------------------------------------------------------


def check_files(*options):
    output = io.StringIO()
    call_command("check_files", *options, stdout=output)
    return output.getvalue()


def test_the_command_checks_what_waits(clamd, arrive):
    arrive("a.txt", b"abc")
    arrive("eicar.txt", EICAR)
    assert check_files() == "2 files: 1 clean, 0 refused, 1 quarantined, 0 waiting.\n"


def test_the_command_says_that_the_scanner_does_not_answer(settings, arrive):
    settings.CLAMD = NOBODY
    arrive("a.txt", b"abc")
    with pytest.raises(CommandError, match="scanner does not answer"):
        check_files()


def test_what_passed_is_scanned_again(clamd, settings, arrive, people):
    settings.CLAMD = "none"
    bad, good = arrive("eicar.txt", EICAR), arrive("a.txt", b"abc")
    for stored in (bad, good):
        checked(stored)
    old_path = bad.path
    with pytest.raises(CommandError, match="no scanner"):
        check_files("--again")
    settings.CLAMD = clamd
    assert check_files("--again") == "2 files: 1 clean, 0 refused, 1 quarantined, 0 waiting.\n"
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.place) == ("quarantined", Place.QUARANTINE)
    assert not storage_of(Place.DISK).exists(old_path)
    assert (good.state, good.scanner.startswith("ClamAV")) == ("clean", True)
    assert Notice.objects.filter(kind="file_refused").count() == 2
