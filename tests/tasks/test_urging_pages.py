"""The pages of 催办: what the address selects, what is shown before sending, and who may open them."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.enums import AssignmentState
from tasks.models import Urging
from tasks.views import urging as views
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.tasks import AssignmentFactory
from tests.tasks.world import make_people

URGE, LIST = reverse("tasks:urge"), reverse("explorer:assignments")
DAY = timedelta(days=1)


def late(**fields):
    return AssignmentFactory(deadline=timezone.localdate() - 3 * DAY, **fields)


def fields_of(response, **changes):
    form, summary = response.context["form"], response.context["summary"]
    data = {name: form[name].value() for name in ("template", "subject", "text", "roles", "token")}
    return data | {"seen": summary.seen, "what": "send", **changes}


@pytest.mark.django_db
class TestSelection:
    def test_what_the_filters_select_over_all_pages(self, people, browse, monkeypatch):
        monkeypatch.setattr("reports.explorer.views.ROWS_A_PAGE", 1)
        for _ in range(3):
            late(institution=people.institution)
        late(institution=people.institution, state=AssignmentState.SUBMITTED)
        AssignmentFactory(institution=people.institution)
        client = browse(people.supervisor)
        listed = client.get(LIST, {"overdue": "1"}).text
        assert f'href="{URGE}?overdue=1"' in listed
        summary = client.get(URGE, {"overdue": "1", "after": "x"}).context["summary"]
        assert (summary.assignments, summary.skipped) == (3, 1)

    def test_rows_ticked(self, people, browse):
        one, two, _other = (AssignmentFactory(institution=people.institution) for _ in range(3))
        query = {"ticked": "assignments", "assignment": [one.pk, two.pk]}
        assert browse(people.supervisor).get(URGE, query).context["summary"].assignments == 2

    def test_institutions_ticked(self, people, browse):
        AssignmentFactory(institution=people.institution)
        InstitutionFactory()
        query = {"ticked": "institutions", "institutions": [people.institution.pk]}
        response = browse(people.supervisor).get(URGE, query)
        assert set(response.context["selection"].institutions) == {people.institution}
        assert response.context["summary"].assignments == 0

    @pytest.mark.parametrize(
        "query",
        [
            {"ticked": "assignments"},
            {"ticked": "institutions"},
            {"ticked": "assignments", "assignment": "x"},
            {"state": "nonsense"},
            {"institution": "0"},
        ],
    )
    def test_nothing_chosen_is_nobody_and_not_everybody(self, people, browse, query):
        AssignmentFactory(institution=people.institution)
        client = browse(people.supervisor)
        response = client.get(URGE, query)
        assert response.context["summary"].institutions == 0
        assert "send" not in re.findall(r'name="what" +value="(\w+)"', response.text)
        data = {"subject": "x", "text": "x", "roles": ["cio"], "token": uuid4(), "seen": "0-0-0", "what": "send"}
        assert client.post(f"{URGE}?{'&'.join(f'{k}={v}' for k, v in query.items())}", data).status_code == 422
        assert not Urging.objects.exists()

    def test_what_is_out_of_scope_cannot_be_ticked(self, people, browse):
        row = AssignmentFactory(institution=people.institution)
        client = browse(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR))
        for query in (
            {"ticked": "assignments", "assignment": row.pk},
            {"ticked": "institutions", "institutions": people.institution.pk},
        ):
            response = client.get(URGE, query)
            assert response.context["summary"].institutions == 0
            assert people.institution.name not in response.text


@pytest.mark.django_db
class TestCompose:
    @pytest.fixture
    def client(self, people, browse):
        late(institution=people.institution)
        return browse(people.supervisor)

    def test_everything_before_sending(self, people, client):
        silent = late(institution__name="证券无人有限公司").institution  # the other one is shown as the example
        response = client.get(URGE, {"overdue": "1"})
        assert response.context["form"]["template"].value() == "overdue"
        text = response.text
        for words in ("共发给 2 人", silent.name, "收不到本次催办", "不能撤销", "{机构}", people.contributor.name):
            assert words in text
        assert f"{people.institution.name}：贵机构的任务" in text

    def test_it_is_sent_and_shown(self, people, client):
        page = client.get(URGE, {"overdue": "1"})
        response = client.post(f"{URGE}?overdue=1", fields_of(page))
        urging = Urging.objects.get()
        assert response.url == urging.get_absolute_url()
        shown = client.get(response.url).text
        assert "已发送给 2 人" in shown and people.institution.name in shown
        assert urging.filters == {"overdue": ["1"]}
        assert urging.subject in client.get(reverse("tasks:urgings")).text
        client.post(f"{URGE}?overdue=1", fields_of(page))
        assert Urging.objects.count() == 1

    def test_the_institution_sees_it_on_the_task_and_in_the_inbox(self, people, client, browse):
        client.post(f"{URGE}?overdue=1", fields_of(client.get(URGE, {"overdue": "1"}), text="请{机构}速办"))
        row = people.institution.assignments.get()
        own = browse(people.contributor)
        for url in (row.get_absolute_url(), reverse("notices:inbox")):
            text = own.get(url).text
            assert f"请{people.institution.name}速办" in text and people.authority.name in text
        other = AssignmentFactory(institution=people.institution)
        assert "速办" not in own.get(other.get_absolute_url()).text

    def test_a_preview_writes_nothing(self, people, client):
        page = client.get(URGE, {"overdue": "1"})
        response = client.post(
            f"{URGE}?overdue=1", fields_of(page, what="preview", text="<b>{机构}</b>", roles=["cio"])
        )
        assert response.status_code == 200
        assert f"&lt;b&gt;{people.institution.name}&lt;/b&gt;" in response.text
        assert people.cio.name in response.text
        assert not Urging.objects.exists()

    def test_of_another_institution(self, people, client):
        other = late().institution
        member(other, Role.LIAISON, language="en")
        page = client.get(URGE, {"overdue": "1"})
        response = client.post(f"{URGE}?overdue=1", fields_of(page, what="preview", shown=other.pk))
        assert response.context["preview"]["institution"] == other
        stranger = InstitutionFactory()
        response = client.post(f"{URGE}?overdue=1", fields_of(page, what="preview", shown=stranger.pk))
        assert "不在本次催办之列" in response.text

    def test_a_template_takes_the_place_of_the_words(self, client):
        page = client.get(URGE, {"overdue": "1"})
        response = client.post(f"{URGE}?overdue=1", fields_of(page, what="apply", template="returned", text=""))
        assert "退回理由" in response.context["form"]["text"].value()
        assert response.status_code == 200 and not Urging.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"text": "{单位}速办"}, "不能使用占位符 {单位}"),
            ({"text": ""}, "请填写内容。"),
            ({"text": "长" * 501}, "500"),
            ({"subject": ""}, "请填写标题。"),
            ({"roles": []}, "请至少选择一个角色。"),
        ],
    )
    def test_what_is_refused_keeps_what_was_typed(self, client, changes, words):
        page = client.get(URGE, {"overdue": "1"})
        response = client.post(f"{URGE}?overdue=1", fields_of(page, **({"subject": "我的标题"} | changes)))
        assert response.status_code == 422
        assert words in response.text
        if "subject" not in changes:
            assert "我的标题" in response.text
        assert not Urging.objects.exists()

    def test_five_hundred_characters_on_several_lines(self, client):
        text = "\r\n".join(["九" * 99] * 5)
        page = client.get(URGE, {"overdue": "1"})
        assert client.post(f"{URGE}?overdue=1", fields_of(page, text=text)).status_code == 302
        assert Urging.objects.get().text == text.replace("\r\n", "\n")

    def test_recipients_that_changed_meanwhile_are_shown_first(self, people, client):
        page = client.get(URGE, {"overdue": "1"})
        late(institution=people.institution)
        response = client.post(f"{URGE}?overdue=1", fields_of(page, subject="我的标题"))
        assert response.status_code == 422 and "收件对象与您看到的不同" in response.text
        assert "我的标题" in response.text and not Urging.objects.exists()
        assert client.post(f"{URGE}?overdue=1", fields_of(response)).status_code == 302

    def test_a_warning_when_they_were_urged_lately(self, people, client):
        page = client.get(URGE, {"overdue": "1"})
        assert "最近 3 天内" not in page.text
        client.post(f"{URGE}?overdue=1", fields_of(page))
        text = client.get(URGE, {"overdue": "1"}).text
        assert "最近 3 天内已催办过其中的机构" in text and people.supervisor.name in text

    def test_queries_do_not_grow(self, client):
        counts = []
        for _ in range(2):
            client.get(URGE, {"overdue": "1"})
            with CaptureQueriesContext(connection) as queries:
                client.get(URGE, {"overdue": "1"})
            counts.append(len(queries))
            for _more in range(3):
                member(late().institution, Role.LIAISON)
        assert counts[0] == counts[1]


@pytest.mark.django_db
class TestWho:
    @pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "lead", "observer"])
    def test_each_role(self, people, browse, who):
        late(institution=people.institution)
        page = browse(people.lead).get(URGE)
        browse(people.lead).post(URGE, fields_of(page))
        urging = Urging.objects.get()
        client = browse(getattr(people, who))
        may_urge, may_see = who in ("supervisor", "lead"), who in ("supervisor", "lead", "observer")
        assert client.get(URGE).status_code == (200 if may_urge else 403)
        assert client.post(URGE, fields_of(page, token=uuid4())).status_code == (302 if may_urge else 403)
        assert client.get(reverse("tasks:urgings")).status_code == (200 if may_see else 403)
        assert client.get(urging.get_absolute_url()).status_code == (200 if may_see else 403)
        assert ("催办所选" in client.get(LIST).text) == may_urge
        if may_see:
            assert ("催办所选" in client.get(reverse("explorer:institutions")).text) == may_urge

    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
    def test_another_authoritys_messages_are_not_there(self, people, browse, role):
        late(institution=people.institution)
        client = browse(people.lead)
        client.post(URGE, fields_of(client.get(URGE)))
        other = browse(member(AuthorityFactory(), role))
        assert other.get(Urging.objects.get().get_absolute_url()).status_code == 404
        assert Urging.objects.get().subject not in other.get(reverse("tasks:urgings")).text

    def test_lists_of_messages_cost_the_same(self, people, browse, monkeypatch):
        late(institution=people.institution)
        client, counts = browse(people.lead), []
        for _ in range(2):
            client.post(URGE, fields_of(client.get(URGE)))
            urls = [reverse("tasks:urgings"), Urging.objects.first().get_absolute_url()]
            seen = []
            for url in urls:
                client.get(url)
                with CaptureQueriesContext(connection) as queries:
                    assert client.get(url).status_code == 200
                seen.append(len(queries))
            counts.append(seen)
            member(late().institution, Role.LIAISON)
        assert counts[0] == counts[1]

    def test_pages_of_institutions(self, people, browse, monkeypatch):
        monkeypatch.setattr(views, "INSTITUTIONS_A_PAGE", 1)
        late(institution=people.institution)
        late()
        client = browse(people.lead)
        client.post(URGE, fields_of(client.get(URGE)))
        url = Urging.objects.get().get_absolute_url()
        first = client.get(url)
        second = client.get(url, {"after": first.context["next_cursor"]})
        assert {row.institution for page in (first, second) for row, _ in page.context["rows"]} == {
            row.institution for row in Urging.objects.get().urged.all()
        }


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_are_one_message():
    people = make_people()
    late(institution=people.institution)
    clients = [Client() for _ in range(4)]
    for client in clients:
        client.force_login(people.supervisor)
    data, barrier = fields_of(clients[0].get(URGE)), Barrier(len(clients))

    def click(client):
        barrier.wait()
        try:
            return client.post(URGE, data)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(click, clients))
    urging = Urging.objects.get()
    assert {answer.url for answer in answers} == {urging.get_absolute_url()}
    assert Notice.objects.filter(kind=NoticeKind.URGED).count() == 2
