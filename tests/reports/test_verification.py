"""Anyone with the file learns whether it is as issued; without it nobody learns anything."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.audit.canonical import digests
from reports.enums import ReportState
from reports.models import Report
from reports.verification import codes, throttling, uploads
from tests.factories.accounts import AuthorityFactory, InstitutionFactory
from tests.factories.reports import ReportFactory

FORM = reverse("verification:form")
AS_ISSUED, NOT_ISSUED, NEWER = "文件与签发时完全一致", "这不是按此验证码签发的文件", "已有更新的报告"
PLACES = st.integers(0, codes.LENGTH - 1)


# --- Codes ------------------------------------------------------------------------------------------------


def test_a_code_is_read_however_it_is_typed():
    code = codes.new_code()
    assert codes.clean_code(code) == code
    assert codes.clean_code(f" {codes.grouped(code).lower()} ") == code
    assert codes.clean_code(code.replace("0", "o").replace("1", "l")) == code
    assert codes.clean_code("".join(chr(ord(character) + 0xFEE0) for character in code)) == code


@given(PLACES, st.sampled_from(codes.ALPHABET))
def test_one_wrong_character_is_noticed(place, character):
    code = codes.new_code()
    wrong = code[:place] + character + code[place + 1 :]
    assert codes.clean_code(wrong) == (code if wrong == code else None)


@given(PLACES, PLACES)
def test_two_characters_that_changed_places_are_noticed(one, other):
    code = list(codes.new_code())
    swapped = [*code]
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert codes.clean_code("".join(swapped)) == ("".join(code) if swapped == code else None)


@given(st.text())
def test_anything_typed_is_a_code_or_none(text):
    code = codes.clean_code(text)
    assert code is None or (len(code) == codes.LENGTH and codes.clean_code(code) == code)


# --- The page ---------------------------------------------------------------------------------------------


@pytest.fixture
def report(db):
    return issued(institution=InstitutionFactory(name="示例证券有限公司"))


def issued(content=b"%PDF-1.7 as issued", **fields):
    report = ReportFactory(state=ReportState.DONE, **fields)
    report.sha256, report.sm3 = digests(content)
    report.save()
    return report


def verify(client, code, content=b"%PDF-1.7 as issued"):
    return client.post(FORM, {"code": code, "file": io.BytesIO(content)})


def said(response):
    return response.content.decode()


def test_the_file_as_issued(client, report):
    response = verify(client, report.shown_code)
    page = said(response)
    assert response.status_code == 200
    assert AS_ISSUED in page
    for words in ("任务落实情况报告", "示例证券有限公司", report.number, report.plan.local_title, report.sha256):
        assert words in page
    assert NEWER not in page


def test_the_workbook_as_issued(client, report):
    report.workbook_sha256, report.workbook_sm3 = digests(b"the tables")
    report.save()
    page = said(verify(client, report.code, b"the tables"))
    assert AS_ISSUED in page
    assert report.workbook_sha256 in page and report.sha256 not in page
    assert NOT_ISSUED in said(verify(client, codes.new_code(), b"the tables"))


def test_a_changed_byte(client, report):
    page = said(verify(client, report.code, b"%PDF-1.7 as issueD"))
    assert NOT_ISSUED in page
    assert "示例证券有限公司" not in page


def test_the_file_of_another_report_is_not_this_one(client, report):
    other = issued(b"another")
    assert NOT_ISSUED in said(verify(client, report.code, b"another"))
    assert AS_ISSUED in said(verify(client, other.code, b"another"))


def test_without_the_file_an_existing_code_is_as_any_other(client, report):
    """Neither the page nor a wrong file tells whether there is a report with that code."""
    unknown = codes.new_code()
    for answer in (
        lambda code: client.get(reverse("verification:code", args=[code])),
        lambda code: verify(client, code, b"wrong"),
        lambda code: client.post(FORM, {"code": code}),
    ):
        known, guessed = answer(report.code), answer(unknown)
        assert known.status_code == guessed.status_code
        assert shape(said(known), report.code) == shape(said(guessed), unknown)


def shape(page, code):
    """The page without what differs at each visit."""
    page = page.replace(codes.grouped(code), "").replace(code, "")
    return [line for line in page.splitlines() if "csrfmiddlewaretoken" not in line]


@pytest.mark.parametrize("state", [ReportState.QUEUED, ReportState.RENDERING, ReportState.FAILED])
def test_only_what_was_issued_counts(client, report, state):
    Report.objects.filter(pk=report.pk).update(state=state)
    assert NOT_ISSUED in said(verify(client, report.code))


def test_a_newer_report_supersedes(client, report):
    newer = issued(b"newer", plan=report.plan, institution=report.institution)
    page = said(verify(client, report.code))
    assert AS_ISSUED in page
    assert NEWER in page
    assert newer.number in page
    assert NEWER not in said(verify(client, newer.code, b"newer"))


def test_what_says_something_else_does_not_supersede(client, report):
    issued(b"other institution", plan=report.plan)
    issued(b"other plan", institution=report.institution)
    issued(b"other language", plan=report.plan, institution=report.institution, language="en")
    issued(b"other kind", plan=report.plan, authority=AuthorityFactory())
    issued(b"other day", plan=report.plan, institution=report.institution, day=timezone.localdate() - timedelta(days=1))
    ReportFactory(plan=report.plan, institution=report.institution)
    assert NEWER not in said(verify(client, report.code))


def test_a_mistyped_code_is_told_and_kept(client, report):
    wrong = report.code[:-1] + ("0" if report.code[-1] != "0" else "1")
    response = verify(client, wrong)
    assert response.status_code == 422
    assert "验证码有误" in said(response)
    assert wrong in said(response)


def test_a_file_over_the_limit_is_refused(client, report, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    response = verify(client, report.code)
    assert response.status_code == 422
    assert "上限" in said(response)


def test_nothing_of_the_file_is_kept(client, report, settings, tmp_path):
    """A file too large for memory, and no directory to put it into."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "nowhere"
    content = b"x" * 3_000_000
    large = issued(content)
    assert AS_ISSUED in said(verify(client, large.code, content))


def test_who_tries_too_often_has_to_wait(client, report, monkeypatch):
    monkeypatch.setattr(throttling.VerificationThrottle, "rate", "2/hour")
    assert {verify(client, report.code).status_code for _ in range(2)} == {200}
    refused = verify(client, report.code)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert AS_ISSUED not in said(refused)
    assert client.get(FORM).status_code == 200


def test_a_foreign_page_cannot_post(report):
    assert verify(Client(enforce_csrf_checks=True), report.code).status_code == 403


def test_the_reports_page_shows_its_code(client, report):
    client.force_login(report.requested_by)
    page = said(client.get(report.get_absolute_url()))
    assert report.shown_code in page
    assert reverse("verification:code", args=[report.code]) in page


def test_a_report_from_before_the_seals(client, report):
    Report.objects.filter(pk=report.pk).update(code=None, as_at=None)
    client.force_login(report.requested_by)
    assert "没有验证码" in said(client.get(report.get_absolute_url()))


# --- The command ------------------------------------------------------------------------------------------


def test_the_command_says_what_a_file_is(report, tmp_path):
    file, output = tmp_path / "report.pdf", io.StringIO()
    file.write_bytes(b"%PDF-1.7 as issued")
    newer = issued(b"newer", plan=report.plan, institution=report.institution)
    call_command("verify_report", file, stdout=output)
    for words in ("As issued", report.number, "示例证券有限公司", f"Superseded by: {newer.number}"):
        assert words in output.getvalue()


@pytest.mark.parametrize(("content", "code"), [(b"%PDF-1.7 as issueD", 1), (None, 2)])
def test_the_command_fails_for_any_other(report, tmp_path, content, code):
    file = tmp_path / "report.pdf"
    if content:
        file.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        call_command("verify_report", file)
    assert refusal.value.returncode == code
