"""The pages of requests, as each role meets them: filing, the lists, deciding, and the marks elsewhere."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from tasks.enums import AssignmentState, RequestKind, RequestState
from tasks.models import Assignment, ChangeRequest
from tasks.views import requests as views
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.test_requests import ask, decline, grant, later
from tests.tasks.world import make_task

pytestmark = pytest.mark.django_db
K, R = RequestKind, RequestState
DAY = datetime.timedelta(days=1)
LIST = reverse("tasks:requests")
INSIDE, ABOVE = ["contributor", "liaison", "cio"], ["supervisor", "lead", "observer"]
FORMS = {K.EXTENSION: "request_extension", K.NOT_APPLICABLE: "request_not_applicable"}


def url(name: str, row) -> str:
    return reverse(f"tasks:{name}", args=[row.pk])


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


class TestFiling:
    @pytest.mark.parametrize("kind", K)
    @pytest.mark.parametrize("role", [*INSIDE, *ABOVE])
    def test_who_gets_the_page(self, people, browse, assignment, role, kind):
        status = browse(getattr(people, role)).get(url(FORMS[kind], assignment)).status_code
        assert status == (200 if role in INSIDE else 403)

    @pytest.mark.parametrize("name", FORMS.values())
    def test_another_institutions_task_is_not_there(self, browse, assignment, name):
        stranger = browse(member(InstitutionFactory(), Role.CIO))
        assert stranger.get(url(name, assignment)).status_code == 404
        assert stranger.post(url(name, assignment), {"reason": "原因"}).status_code == 404

    def test_filing_an_extension_with_a_file(self, people, browse, filled):
        file, day = filled.evidence.first(), later(filled)
        data = {"new_deadline": day.isoformat(), "reason": "交付推迟。\r\n见附件。", "evidence": [str(file.pk)]}
        response = browse(people.contributor).post(url("request_extension", filled), data, follow=True)
        request = ChangeRequest.objects.get()
        assert response.redirect_chain == [(request.get_absolute_url(), 302)]
        assert (request.new_deadline, list(request.evidence.all())) == (day, [file])
        assert "等待监管单位审批" in told(response)[0] and "逾期" not in told(response)[0]
        assert file.original_name in text_of(response)

    def test_after_the_deadline_it_is_taken_and_the_page_says_so(self, people, browse):
        today = timezone.localdate()
        late = AssignmentFactory(institution=people.institution, task=make_task(), deadline=today - DAY)
        client = browse(people.cio)
        assert "仍可提出申请" in text_of(client.get(url("request_extension", late)))
        data = {"new_deadline": (today + DAY).isoformat(), "reason": "原因"}
        response = client.post(url("request_extension", late), data, follow=True)
        assert "逾期后提出" in told(response)[0]
        assert "逾期后提出" in text_of(browse(people.lead).get(LIST))

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"reason": ""}, "请填写申请理由"),
            ({"reason": " \n "}, "请填写申请理由"),
            ({"reason": "长" * 100_000}, "4000"),
            ({"new_deadline": ""}, "请选择申请延至的日期"),
            ({"new_deadline": "2026-02-30"}, "有效的日期"),
            ({"new_deadline": "2000-01-01"}, "应晚于现在的期限"),
            ({"evidence": ["6f1c2f0a-3d5e-4c57-9e0b-2f2a4f7d1c11"]}, "重新勾选"),
            ({"evidence": ["x"]}, "重新勾选"),
        ],
    )
    def test_bad_input_is_told_at_its_field_and_nothing_is_lost(self, people, browse, filled, data, message):
        good = {"new_deadline": later(filled).isoformat(), "reason": "很好的理由", "evidence": []}
        response = browse(people.contributor).post(url("request_extension", filled), good | data)
        assert response.status_code == 422 and not ChangeRequest.objects.exists()
        (field,) = data
        assert message in "".join(response.context["form"].errors[field])
        if field != "reason":
            assert "很好的理由" in text_of(response)

    def test_a_pending_one_is_named_and_what_was_typed_stays(self, people, browse, assignment):
        pending = ask(people, assignment)
        client = browse(people.cio)
        assert pending.get_absolute_url() in text_of(client.get(url("request_extension", assignment)))
        data = {"new_deadline": later(assignment, 3).isoformat(), "reason": "另一理由"}
        response = client.post(url("request_extension", assignment), data)
        assert response.status_code == 422
        content = text_of(response)
        assert "另一理由" in content and people.contributor.name in content
        assert ChangeRequest.objects.get() == pending

    @pytest.mark.parametrize("state", [AssignmentState.ACCEPTED, AssignmentState.NOT_APPLICABLE])
    def test_closed_work_leads_back_to_its_page(self, people, browse, state):
        row = AssignmentFactory(institution=people.institution, task=make_task(), state=state)
        for name in FORMS.values():
            response = browse(people.cio).get(url(name, row), follow=True)
            assert response.redirect_chain[0][0] == row.get_absolute_url()
            assert str(state.label) in told(response)[0]

    def test_files_stand_by_task_and_queries_do_not_grow(self, people, browse, filled):
        client = browse(people.contributor)
        counts = []
        for _ in range(2):
            client.get(url("request_extension", filled))
            with CaptureQueriesContext(connection) as queries:
                response = client.get(url("request_extension", filled))
            counts.append(len(queries))
            for _more in range(2):
                fill_in(AssignmentFactory(institution=people.institution, task=make_task()))
        assert counts[0] == counts[1]
        form = response.context["form"]
        assert len(form.near) == 2 and len(form.others) == 2


class TestLists:
    def rows(self, response) -> list:
        return [row.pk for row in response.context["page"].rows]

    def test_pending_first_the_oldest_on_top(self, people, browse):
        made = []
        for days in (3, 9, 6):
            row = AssignmentFactory(institution=people.institution, task=make_task())
            made.append((days, ask(people, row)))
            ChangeRequest.objects.filter(pk=made[-1][1].pk).update(requested_at=timezone.now() - days * DAY)
        declined = decline(people, ask(people, AssignmentFactory(institution=people.institution, task=make_task())))
        for person in (people.lead, people.observer, people.contributor):
            client = browse(person)
            assert self.rows(client.get(LIST)) == [row.pk for _days, row in sorted(made, key=lambda one: -one[0])]
            assert self.rows(client.get(LIST, {"state": "declined"})) == [declined.pk]

    def test_whose(self, people, browse, assignment):
        request = ask(people, assignment)
        elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
        strangers = [member(InstitutionFactory(), Role.CIO), member(elsewhere, Role.LEAD_SUPERVISOR)]
        for stranger in strangers:
            client = browse(stranger)
            assert self.rows(client.get(LIST)) == []
            assert client.get(request.get_absolute_url()).status_code == 404

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, {"time", "exempt"}),
            ({"type": "extension"}, {"time"}),
            ({"type": "not_applicable"}, {"exempt"}),
            ({"kind": "fund"}, {"exempt"}),
            ({"region": "beijing"}, {"exempt"}),
            ({"region": "shanghai", "type": "not_applicable"}, set()),
            ({"state": "granted"}, set()),
            ({"kind": "nonsense"}, set()),
        ],
    )
    def test_filters(self, people, browse, assignment, query, found):
        fund = InstitutionFactory(kind=InstitutionKind.FUND, region=RegionFactory(code="beijing", name="北京"))
        row = AssignmentFactory(institution=fund, task=make_task())
        made = {
            "time": ask(people, assignment).pk,
            "exempt": ask(people, row, K.NOT_APPLICABLE, by=member(fund, Role.LIAISON)).pk,
        }
        assert set(self.rows(browse(people.observer).get(LIST, query))) == {made[name] for name in found}

    @pytest.mark.parametrize("role", ["lead", "contributor"])
    def test_queries_do_not_grow_with_the_rows(self, people, browse, role):
        client, counts = browse(getattr(people, role)), []
        for more in (1, 2):
            for _ in range(more):
                ask(people, AssignmentFactory(institution=people.institution, task=make_task()))
            client.get(LIST)
            with CaptureQueriesContext(connection) as queries:
                client.get(LIST)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    @pytest.mark.parametrize("state", ["pending", "withdrawn"])
    def test_pages_follow_each_other(self, people, browse, monkeypatch, state):
        monkeypatch.setattr(views, "ROWS_A_PAGE", 2)
        made = {ask(people, AssignmentFactory(institution=people.institution, task=make_task())).pk for _ in range(5)}
        if state == "withdrawn":
            ChangeRequest.objects.update(state=state, withdrawn_at=timezone.now())
        client, seen, after = browse(people.lead), [], ""
        while True:
            page = client.get(LIST, {"state": state, "after": after}).context["page"]
            seen += [row.pk for row in page.rows]
            after = page.next_cursor
            if not after:
                break
        assert len(seen) == 5 and set(seen) == made


class TestDeciding:
    @pytest.mark.parametrize("kind", K)
    @pytest.mark.parametrize("role", [*INSIDE, *ABOVE])
    def test_who_is_offered_what(self, people, browse, assignment, role, kind):
        request = ask(people, assignment, kind)
        content = text_of(browse(getattr(people, role)).get(request.get_absolute_url()))
        deciders = {"lead"} if kind == K.EXTENSION else {"lead", "supervisor"}
        assert (url("request_grant", request) in content) == (role in deciders)
        assert (url("request_decline", request) in content) == (role in deciders)
        assert (url("request_withdraw", request) in content) == (role in INSIDE)

    @pytest.mark.parametrize("name", ["request_grant", "request_decline"])
    @pytest.mark.parametrize("role", [*INSIDE, "supervisor", "observer"])
    def test_others_are_refused(self, people, browse, assignment, role, name):
        request = ask(people, assignment)
        data = {"grant-granted_deadline": request.new_deadline.isoformat(), "decline-decision": "否"}
        assert browse(getattr(people, role)).post(url(name, request), data).status_code == 403
        assert ChangeRequest.objects.get().is_pending

    def test_granting_an_earlier_day_keeps_the_old_one_in_sight(self, people, browse, assignment):
        request, day = ask(people, assignment), later(assignment, 5)
        data = {"grant-granted_deadline": day.isoformat(), "grant-decision": "同意延至该日。"}
        response = browse(people.lead).post(url("request_grant", request), data, follow=True)
        assert "已同意" in told(response)[0]
        assert Assignment.objects.get().deadline == day
        before = f"原期限 {assignment.deadline}，{timezone.localdate()} 同意延期"
        for person in (people.contributor, people.observer):
            content = text_of(browse(person).get(assignment.get_absolute_url()))
            assert before in content and day.isoformat() in content
        assert "同意延至该日。" in text_of(browse(people.cio).get(request.get_absolute_url()))

    @pytest.mark.parametrize("day", ["", "x", "2000-01-01", "2999-01-01"])
    def test_a_day_out_of_range_is_told_at_its_field(self, people, browse, assignment, day):
        request = ask(people, assignment)
        data = {"grant-granted_deadline": day, "grant-decision": "写好的意见"}
        response = browse(people.lead).post(url("request_grant", request), data)
        assert response.status_code == 422
        assert response.context["grant_form"].errors["granted_deadline"]
        assert "写好的意见" in text_of(response)
        assert ChangeRequest.objects.get().is_pending

    def test_declining_needs_words(self, people, browse, assignment):
        request = ask(people, assignment)
        client = browse(people.lead)
        response = client.post(url("request_decline", request), {"decline-decision": " "})
        assert response.status_code == 422 and ChangeRequest.objects.get().is_pending
        client.post(url("request_decline", request), {"decline-decision": "请先完成系统测试。"})
        assert "请先完成系统测试。" in text_of(browse(people.contributor).get(request.get_absolute_url()))

    @pytest.mark.parametrize("name", ["request_grant", "request_decline"])
    def test_decided_meanwhile_is_said_with_what_was_typed(self, people, browse, assignment, name):
        request = ask(people, assignment)
        day = request.new_deadline.isoformat()
        decline(people, request)
        data = {"grant-granted_deadline": day, "grant-decision": "意见", "decline-decision": "意见"}
        response = browse(people.lead).post(url(name, request), data)
        assert "当前状态为“未同意”" in response.context["refusal"]

    def test_work_accepted_meanwhile_leaves_only_no(self, people, browse, assignment):
        request = ask(people, assignment)
        now = timezone.now()
        Assignment.objects.update(state="accepted", submitted_at=now, accepted_at=now)
        client = browse(people.lead)
        content = text_of(client.get(request.get_absolute_url()))
        assert url("request_grant", request) not in content and url("request_decline", request) in content
        data = {"grant-granted_deadline": request.new_deadline.isoformat()}
        assert "已验收" in client.post(url("request_grant", request), data).context["refusal"]

    def test_beyond_the_plans_end_is_pointed_out(self, people, browse, assignment):
        beyond = assignment.task.plan.ends_on + DAY
        request = ask(people, assignment, new_deadline=beyond)
        assert "晚于计划的结束日期" in text_of(browse(people.lead).get(request.get_absolute_url()))

    def test_the_institution_takes_it_back(self, people, browse, assignment):
        request = ask(people, assignment)
        client = browse(people.cio)
        assert "已撤回申请" in told(client.post(url("request_withdraw", request), follow=True))[0]
        assert "当前状态为“已撤回”" in told(client.post(url("request_withdraw", request), follow=True))[0]
        assert browse(people.lead).post(url("request_withdraw", request)).status_code == 403

    def test_another_bodys_is_404(self, people, browse, assignment):
        request = ask(people, assignment)
        home = browse(member(InstitutionFactory(), Role.CIO))
        office = browse(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR))
        assert home.post(url("request_withdraw", request)).status_code == 404
        for name in ("request_grant", "request_decline"):
            assert office.post(url(name, request), {"decline-decision": "否"}).status_code == 404

    def test_its_files_open_for_the_supervisor(self, people, browse, filled):
        file = filled.evidence.first()
        ask(people, filled, evidence=[file.pk])
        client = browse(people.observer)
        assert client.get(file.get_absolute_url()).status_code == 200
        assert client.get(filled.evidence.last().get_absolute_url()).status_code == 404


class TestElsewhere:
    def test_the_task_offers_what_is_possible_to_those_who_may(self, people, browse, assignment):
        def offered(person) -> set[str]:
            content = text_of(browse(person).get(assignment.get_absolute_url()))
            return {kind for kind, name in FORMS.items() if url(name, assignment) in content}

        assert offered(people.cio) == offered(people.liaison) == set(K)
        assert offered(people.lead) == set()
        ask(people, assignment)
        assert offered(people.cio) == {K.NOT_APPLICABLE}
        Assignment.objects.update(state="awaiting_signature", started_at=timezone.now(), handed_in_at=timezone.now())
        assert offered(people.cio) == set()

    def test_the_task_shows_what_waits_and_what_was_asked(self, people, browse, assignment):
        first = decline(people, ask(people, assignment))
        second = ask(people, assignment)
        for person in (people.contributor, people.lead):
            response = browse(person).get(assignment.get_absolute_url())
            assert response.context["pending_requests"] == [second]
            assert first.get_absolute_url() in text_of(response)
            assert "延期申请待审批" in text_of(response)

    def test_the_task_page_costs_the_same_for_many(self, people, browse, assignment):
        client, counts = browse(people.contributor), []
        for more in (1, 2):
            for _ in range(more):
                grant(people, ask(people, Assignment.objects.get()))
            client.get(assignment.get_absolute_url())
            with CaptureQueriesContext(connection) as queries:
                client.get(assignment.get_absolute_url())
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_the_own_list_and_home_mark_what_waits(self, people, browse, assignment):
        client = browse(people.contributor)
        for address in (reverse("tasks:list"), reverse("home")):
            assert "申请待审批" not in text_of(client.get(address))
        ask(people, assignment)
        for address in (reverse("tasks:list"), reverse("home")):
            assert "申请待审批" in text_of(client.get(address)), address

    def test_the_supervisors_home_counts_what_is_theirs_to_decide(self, people, browse, assignment):
        def line(person) -> tuple[int, str]:
            context = browse(person).get("/").context
            return context["requests_count"], context["requests_url"]

        ask(people, assignment)
        ask(people, AssignmentFactory(institution=people.institution, task=make_task()), K.NOT_APPLICABLE)
        assert line(people.lead) == (2, LIST)
        assert line(people.supervisor) == (1, f"{LIST}?type=not_applicable")
        assert line(people.observer)[0] == 0
        assert "待审批申请" in text_of(browse(people.lead).get("/"))
        assert "待审批申请" not in text_of(browse(people.observer).get("/"))
