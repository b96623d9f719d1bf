"""从材料库选用: what is offered for a requirement, and what comes of choosing it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEvent
from tasks.actions import hand_in
from tests.factories.tasks import EvidenceFactory
from tests.factories.vault import ExtractFactory, StoredFileFactory
from vault.models import StoredFile


@pytest.fixture
def requirement(filled):
    return filled.requirements.select_related("task").first()


@pytest.fixture
def url(filled, requirement):
    return reverse("tasks:reuse", args=[filled.pk, requirement.pk])


@pytest.fixture
def stored(people):
    return StoredFileFactory(institution=people.institution, name="等保证书.txt", tags=["等保"])


@pytest.fixture
def client(browse, people):
    return browse(people.contributor)


def offered(response) -> set:
    return {row.pk for row in response.context["page"].rows}


def test_the_task_leads_here(client, filled, url):
    assert f'href="{url}"' in client.get(filled.get_absolute_url()).content.decode()


def test_clean_files_of_the_institution_that_are_not_there_yet(client, people, filled, requirement, url, stored):
    StoredFileFactory()
    StoredFileFactory(institution=people.institution, state="received", content=b"1")
    StoredFileFactory(institution=people.institution, state="refused", finding="damaged", path="", content=b"2")
    other = filled.evidence.exclude(requirement=requirement).get().stored
    assert offered(client.get(url)) == {stored.pk, other.pk}


def test_what_was_withdrawn_is_offered_again(client, filled, requirement, url):
    row = filled.evidence.get(requirement=requirement)
    row.withdrawn_at = timezone.now()
    row.save()
    assert row.stored_id in offered(client.get(url))


def test_what_each_row_says(client, filled, requirement, url, stored):
    StoredFile.objects.filter(pk=stored.pk).update(expires_on=timezone.localdate() - datetime.timedelta(days=1))
    other = filled.evidence.exclude(requirement=requirement).get()
    content = client.get(url).content.decode()
    for words in (requirement.local_text, "等保证书.txt", "等保", "已过期", other.requirement.reference):
        assert words in content


def test_search_and_tags(client, people, url, stored):
    said = ExtractFactory(text="应急演练记录", stored__institution=people.institution).stored
    page = client.get(url, {"q": "应急"})
    assert offered(page) == {said.pk}
    assert "<mark>应急</mark>" in page.content.decode()
    assert offered(client.get(url, {"tag": "等保"})) == {stored.pk}
    assert "没有符合条件" in client.get(url, {"q": "别的"}).content.decode()


def test_choosing_several(client, people, filled, requirement, url, stored):
    other = filled.evidence.exclude(requirement=requirement).get().stored
    response = client.post(url, {"files": [stored.pk, other.pk]})
    assert response.url == f"{filled.get_absolute_url()}#requirement-{requirement.pk}"
    rows = filled.evidence.current().filter(requirement=requirement, stored__in=[stored, other])
    assert {row.original_name for row in rows} == {stored.name, other.name}
    assert {row.uploaded_by for row in rows} == {people.contributor}
    assert AuditEvent.objects.filter(action="evidence.added").count() == 2
    assert "已选用 2 份文件" in client.get(response.url).content.decode()
    assert not {stored.pk, other.pk} & offered(client.get(url))


def test_choosing_starts_the_work(browse, people, assignment, stored):
    requirement = assignment.requirements.first()
    browse(people.liaison).post(reverse("tasks:reuse", args=[assignment.pk, requirement.pk]), {"files": [stored.pk]})
    assignment.refresh_from_db()
    assert assignment.state == "in_progress"


def test_nothing_chosen_is_said(client, url, stored):
    response = client.post(url, {})
    assert response.status_code == 422
    assert "未选择文件" in response.content.decode()


@pytest.mark.parametrize("whose", ["others", "unchecked", "there"])
def test_what_is_not_offered_is_not_taken_and_the_choice_is_kept(
    client, people, filled, requirement, url, stored, whose
):
    wrong = {
        "others": lambda: StoredFileFactory(),
        "unchecked": lambda: StoredFileFactory(institution=people.institution, state="received", content=b"1"),
        "there": lambda: filled.evidence.get(requirement=requirement).stored,
    }[whose]()
    before = filled.evidence.count()
    response = client.post(url, {"files": [stored.pk, wrong.pk]})
    content = response.content.decode()
    assert response.status_code == 422
    assert "已不可用，或已用于本要求" in content
    assert content.count(" checked") == 1
    assert filled.evidence.count() == before


def test_a_file_that_fails_meanwhile_takes_none_along(client, filled, url, stored, monkeypatch):
    monkeypatch.setattr("tasks.views.reuse._offered", lambda *_args: StoredFile.objects.all())
    waiting = StoredFileFactory(institution=filled.institution, state="received", content=b"waiting")
    before = filled.evidence.count()
    response = client.post(url, {"files": [stored.pk, waiting.pk]})
    assert response.status_code == 422
    assert "只能选用本机构已通过检查的文件" in response.content.decode()
    assert filled.evidence.count() == before


def test_not_while_it_waits_for_a_signature(client, people, filled, url, stored):
    hand_in(assignment=filled, by=people.contributor)
    assert client.get(url).url == filled.get_absolute_url()
    assert client.post(url, {"files": [stored.pk]}).url == filled.get_absolute_url()
    assert not filled.evidence.filter(stored=stored).exists()


def test_a_requirement_of_another_task_is_not_there(client, filled):
    other = EvidenceFactory(assignment__institution=filled.institution, requirement=filled.requirements.first())
    assert client.get(reverse("tasks:reuse", args=[other.assignment.pk, other.requirement.pk])).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("liaison", 200), ("cio", 403), ("supervisor", 403), ("observer", 403)])
def test_for_those_who_fill_in(browse, people, url, who, status):
    assert browse(getattr(people, who)).get(url).status_code == status


def test_an_empty_library_says_what_to_do(browse, people, assignment):
    url = reverse("tasks:reuse", args=[assignment.pk, assignment.requirements.first().pk])
    assert "请在任务页面直接上传" in browse(people.contributor).get(url).content.decode()


def test_queries(client, people, url, stored):
    def queries() -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    one = queries()
    for number in range(3):
        ExtractFactory(text=f"文件{number}", stored__institution=people.institution)
    assert queries() == one
