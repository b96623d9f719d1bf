"""The pages on which files are deleted and institutions held: for whom, what they show, how many queries."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.tasks.test_lists import queries_of
from tests.tasks.test_retention import LONG_AGO, evidence_of, old_file
from vault.holds import place_hold, release_hold
from vault.models import LegalHold, StoredFile

pytestmark = pytest.mark.django_db
LIST, DELETE, DELETED = (reverse(f"tasks:{name}") for name in ("retention", "retention_delete", "retention_deleted"))
HOLDS = reverse("tasks:holds")


def files_of(response) -> set:
    return {row.file.pk for row in response.context["rows"]}


@pytest.fixture
def over(people):
    """Signed for long ago."""
    return evidence_of(people.institution, frozen_at=LONG_AGO)


@pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "lead", "observer"])
def test_for_whom(people, browse, over, who):
    client = browse(getattr(people, who))
    status = 200 if who == "lead" else 403
    for url in (
        LIST,
        DELETED,
        f"{DELETE}?file={over.stored_id}",
        reverse("tasks:hold_place", args=[people.institution.pk]),
    ):
        assert client.get(url).status_code == status, url
    assert client.post(DELETE, {"file": over.stored_id, "reason": "留存期满"}).status_code in (302, 403)
    assert (StoredFile.objects.get().state == "deleted") == (who == "lead")
    assert client.get(HOLDS).status_code == (200 if who in ("supervisor", "lead", "observer") else 403)


def test_the_list_shows_what_is_over_in_scope(people, browse, over):
    evidence_of(people.institution, ends_on=timezone.localdate())
    regional = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR)
    inside = evidence_of(InstitutionFactory(kind=InstitutionKind.FUTURES))
    assert files_of(browse(people.lead).get(LIST)) == {over.stored_id, inside.stored_id}
    assert files_of(browse(regional).get(LIST)) == {inside.stored_id}


def test_it_is_narrowed_by_institution_and_by_plan(people, browse, over):
    other = evidence_of(InstitutionFactory())
    client = browse(people.lead)
    assert files_of(client.get(LIST, {"institution": people.institution.pk})) == {over.stored_id}
    assert files_of(client.get(LIST, {"plan": other.assignment.task.plan.slug})) == {other.stored_id}


def test_what_was_never_signed_keeps_its_name_to_itself(people, browse, over):
    draft = old_file(people.institution, name="内部讨论稿.txt")
    content = browse(people.lead).get(LIST).content.decode()
    assert over.stored.name in content
    assert draft.name not in content
    assert draft.sha256[:8] in content


def test_the_decision_says_what_goes_and_asks_why(people, browse, over):
    client = browse(people.lead)
    page = client.get(DELETE, {"file": over.stored_id}).content.decode()
    for words in (over.stored.name, over.stored.sha256[:8], people.institution.name, "不能撤销", "删除理由"):
        assert words in page
    assert str(over.stored_id) in page
    refused = client.post(DELETE, {"file": over.stored_id, "reason": " "})
    assert refused.status_code == 200
    assert refused.context["form"].errors["reason"]
    done = client.post(DELETE, {"file": over.stored_id, "reason": "留存期满\n经集体研究"}, follow=True)
    assert done.redirect_chain == [(DELETED, 302)]
    content = done.content.decode()
    for words in ("已删除 1 个文件", people.lead.name, "经集体研究", over.stored.sha256[:8]):
        assert words in content
    assert over.stored.state != "deleted"
    assert files_of(client.get(LIST)) == set()


def test_without_a_choice_one_is_sent_back(people, browse):
    client = browse(people.lead)
    for query in ({}, {"file": "x"}, {"file": "00000000-0000-0000-0000-000000000001"}):
        assert client.get(DELETE, query)["Location"] == LIST
        assert client.post(DELETE, query)["Location"] == LIST


def test_files_out_of_scope_are_not_there(people, browse, over):
    regional = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR)
    client = browse(regional)
    assert client.post(DELETE, {"file": over.stored_id, "reason": "留存期满"})["Location"] == LIST
    assert StoredFile.objects.get().state == "clean"


def test_a_held_file_is_shown_and_not_chosen(people, browse, over):
    place_hold(institution=people.institution, reason="立案调查", by=people.lead)
    client = browse(people.lead)
    page = client.get(LIST).content.decode()
    assert "保全中" in page
    assert f'value="{over.stored_id}"' not in page
    refused = client.post(DELETE, {"file": over.stored_id, "reason": "留存期满"})
    assert "正在保全" in refused.content.decode()
    assert "留存期满" in refused.context["form"]["reason"].value()
    assert StoredFile.objects.get().state == "clean"


def test_what_is_kept_again_by_now_is_refused_with_words(people, browse, over):
    evidence_of(people.institution, ends_on=timezone.localdate(), stored=over.stored)
    refused = browse(people.lead).post(DELETE, {"file": over.stored_id, "reason": "留存期满"})
    assert "已不在可删除之列" in refused.content.decode()


def test_a_hold_is_placed_and_released_from_the_institutions_page(people, browse):
    client = browse(people.lead)
    page = reverse("profile:institution", args=[people.institution.pk])
    place = reverse("tasks:hold_place", args=[people.institution.pk])
    assert place in client.get(page).content.decode()
    assert client.post(place, {"reason": ""}).context["form"].errors["reason"]
    assert client.post(place, {"reason": "立案调查"})["Location"] == page
    hold = LegalHold.objects.get()
    release = reverse("tasks:hold_release", args=[hold.pk])
    content = client.get(page).content.decode()
    assert release in content
    assert "立案调查" in content
    assert place not in content
    assert people.institution.name in client.get(HOLDS).content.decode()
    assert client.post(place, {"reason": "再来一次"}, follow=True).status_code == 200
    assert LegalHold.objects.count() == 1
    assert client.get(release).status_code == 200
    assert client.post(release)["Location"] == page
    assert client.post(release, follow=True).status_code == 200
    assert "解除。" in client.get(page).content.decode()
    assert people.institution.name not in client.get(HOLDS).content.decode()


@pytest.mark.parametrize("who", ["supervisor", "observer"])
def test_other_supervisors_see_a_hold_and_change_none(people, browse, who):
    hold = place_hold(institution=people.institution, reason="立案调查", by=people.lead)
    client = browse(getattr(people, who))
    content = client.get(reverse("profile:institution", args=[people.institution.pk])).content.decode()
    assert "立案调查" in content
    release = reverse("tasks:hold_release", args=[hold.pk])
    assert release not in content
    assert release not in client.get(HOLDS).content.decode()
    assert client.post(release).status_code == 403


def test_each_page_costs_the_same_for_many(people, browse, over):
    client = browse(people.lead)
    delete = f"{DELETE}?file={over.stored_id}"
    before = [queries_of(client, url) for url in (LIST, delete)]
    more = [evidence_of(InstitutionFactory(), frozen_at=LONG_AGO).stored_id for _ in range(2)]
    delete_all = f"{DELETE}?" + "&".join(f"file={pk}" for pk in [over.stored_id, *more])
    assert [queries_of(client, url) for url in (LIST, delete_all)] == before
    client.post(DELETE, {"file": [more[0]], "reason": "留存期满"})
    one = queries_of(client, DELETED)
    client.post(DELETE, {"file": [more[1], over.stored_id], "reason": "留存期满"})
    assert queries_of(client, DELETED) == one
    institutions = InstitutionFactory.create_batch(3)
    first = place_hold(institution=institutions[0], reason="立案调查", by=people.lead)
    page = reverse("profile:institution", args=[institutions[0].pk])
    held = [queries_of(client, HOLDS), queries_of(client, page)]
    release_hold(hold=first, by=people.lead)
    for institution in institutions:
        place_hold(institution=institution, reason="立案调查", by=people.lead)
    assert [queries_of(client, HOLDS), queries_of(client, page)] == held


def test_an_empty_list_says_why(people, browse):
    client = browse(people.lead)
    assert "满留存年数后" in client.get(LIST).content.decode()
    assert "没有符合条件" in client.get(LIST, {"institution": people.institution.pk}).content.decode()
    assert "没有已删除的文件" in client.get(DELETED).content.decode()
    assert "没有保全中的机构" in client.get(HOLDS).content.decode()
