import pytest
from django.urls import reverse

from portal.accounts.enums import Role
from portal.notices.enums import NoticeKind
from portal.notices.groups import KINDS, NoticeGroup
from portal.notices.models import Notice
from portal.notices.views import inbox
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member
from tests.factories.notices import NoticeFactory

pytestmark = pytest.mark.django_db
INBOX = "/inbox/"


@pytest.fixture
def reader(client):
    person = member(InstitutionFactory(), Role.CONTRIBUTOR)
    client.force_login(person)
    return person


def shown(response) -> list[Notice]:
    return response.context["notices"]


def test_the_newest_comes_first_and_others_notices_never(client, reader):
    first, second = NoticeFactory(recipient=reader), NoticeFactory(recipient=reader, kind=NoticeKind.RETURNED)
    NoticeFactory()
    response = client.get(INBOX)
    assert shown(response) == [second, first]
    assert first.subject in response.text
    assert second.body in response.text


def test_only_the_unread(client, reader):
    read, unread = NoticeFactory(recipient=reader), NoticeFactory(recipient=reader)
    client.post(reverse("notices:open", args=[read.pk]))
    assert shown(client.get(INBOX, {"unread": "1"})) == [unread]
    assert shown(client.get(INBOX)) == [unread, read]


def test_reading_the_list_marks_nothing(client, reader):
    NoticeFactory(recipient=reader)
    client.get(INBOX)
    assert reader.notices.unread().count() == 1


def test_opening_marks_as_read_and_leads_to_the_work(client, reader):
    notice = NoticeFactory(recipient=reader, path="/plan/")
    assert client.get(reverse("notices:open", args=[notice.pk])).status_code == 405
    response = client.post(reverse("notices:open", args=[notice.pk]))
    assert (response.status_code, response["Location"]) == (302, "/plan/")
    read_at = reader.notices.get().read_at
    assert read_at
    client.post(reverse("notices:open", args=[notice.pk]))
    assert reader.notices.get().read_at == read_at


def test_a_notice_without_a_place_leads_back(client, reader):
    notice = NoticeFactory(recipient=reader, path="")
    assert client.post(reverse("notices:open", args=[notice.pk]))["Location"] == INBOX


def test_the_notices_of_others_do_not_exist(client, reader):
    notice = NoticeFactory()
    assert client.post(reverse("notices:open", args=[notice.pk])).status_code == 404
    assert notice.recipient.notices.unread().exists()


def test_all_at_once(client, reader):
    other = NoticeFactory()
    for _ in range(3):
        NoticeFactory(recipient=reader)
    assert reverse("notices:read_all") in client.get(INBOX).text
    assert client.get(reverse("notices:read_all")).status_code == 405
    client.post(reverse("notices:read_all"))
    assert not reader.notices.unread().exists()
    assert other.recipient.notices.unread().exists()
    assert reverse("notices:read_all") not in client.get(INBOX).text


def test_pages(client, reader, monkeypatch):
    monkeypatch.setattr(inbox, "NOTICES_A_PAGE", 2)
    third, second, first = (NoticeFactory(recipient=reader) for _ in range(3))
    response = client.get(INBOX)
    assert shown(response) == [first, second]
    assert f"after={second.pk}" in response.text
    response = client.get(INBOX, {"after": second.pk})
    assert shown(response) == [third]
    assert 'rel="next"' not in response.text


@pytest.mark.parametrize("after", ["x", "-1", "99999999999999999999999"])
def test_a_page_that_is_none_shows_the_first_one(client, reader, after):
    notice = NoticeFactory(recipient=reader)
    assert shown(client.get(INBOX, {"after": after})) == [notice]


def test_an_empty_inbox_says_why(client, reader):
    assert "尚无通知" in client.get(INBOX).text
    assert "没有未读的通知" in client.get(INBOX, {"unread": "1"}).text


def test_queries_do_not_grow(client, reader, django_assert_num_queries):
    NoticeFactory(recipient=reader)
    client.get(INBOX)
    with django_assert_num_queries(7) as first:
        client.get(INBOX)
    for _ in range(2):
        NoticeFactory(recipient=reader)
    with django_assert_num_queries(len(first)):
        assert len(shown(client.get(INBOX))) == 3


@pytest.mark.parametrize("group", NoticeGroup)
def test_a_group_of_kinds(client, reader, group):
    notices = [NoticeFactory(recipient=reader, kind=kind) for kind in (NoticeKind.RETURNED, NoticeKind.FILE_FAULT)]
    notices += [NoticeFactory(recipient=reader, kind=kind) for kind in (NoticeKind.URGED, NoticeKind.REPORT_READY)]
    notices.append(NoticeFactory(recipient=reader))
    response = client.get(INBOX, {"group": group})
    assert len(shown(response)) == 1
    assert str(group.label) in response.text
    assert 'class="chip"' in response.text


def test_every_kind_is_in_one_group():
    grouped = [kind for kinds in KINDS.values() for kind in kinds]
    assert len(grouped) == len(set(grouped))


def test_a_supervisor_looks_at_one_institution(client):
    supervisor = member(AuthorityFactory(), Role.SUPERVISOR)
    client.force_login(supervisor)
    here, there = NoticeFactory(recipient=supervisor), NoticeFactory(recipient=supervisor)
    response = client.get(INBOX, {"institution": here.institution.pk})
    assert shown(response) == [here]
    client.post(reverse("notices:read_all"), {"institution": here.institution.pk})
    assert list(supervisor.notices.unread()) == [there]


def test_an_institution_has_no_filter_of_institutions(client, reader):
    notice = NoticeFactory(recipient=reader)
    response = client.get(INBOX, {"institution": InstitutionFactory().pk})
    assert shown(response) == [notice]
    assert "institution" not in response.context["form"].fields


def test_only_what_is_filtered_is_marked_with_its_count(client, reader):
    for kind in (NoticeKind.RETURNED, NoticeKind.ACCEPTED, NoticeKind.URGED):
        NoticeFactory(recipient=reader, kind=kind)
    assert "标为已读（2 条）" in client.get(INBOX, {"group": "verdicts"}).text
    response = client.post(reverse("notices:read_all"), {"group": "verdicts"}, follow=True)
    assert "已将 2 条通知标为已读" in response.text
    assert response.request["QUERY_STRING"] == "group=verdicts"
    assert [notice.kind for notice in reader.notices.unread()] == [NoticeKind.URGED]


def test_a_filter_that_makes_no_sense_is_none(client, reader):
    notice = NoticeFactory(recipient=reader)
    assert shown(client.get(INBOX, {"group": "x", "unread": "1"})) == [notice]
    assert "没有符合条件的通知" in client.get(INBOX, {"group": "files"}).text


def test_nobody_sees_an_inbox_signed_out(client):
    NoticeFactory(recipient=UserFactory())
    assert client.get(INBOX).status_code == 302
