"""The page of a task and the decisions on it, as each role meets them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Remark
from portal.accounts.enums import Role
from tasks import actions
from tasks.models import Assignment
from tests.factories.accounts import PASSWORD, InstitutionFactory, UserFactory, member, with_password
from tests.factories.assessments import ReviewFactory
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, StatementFactory, SubmissionFactory, fill_in
from tests.tasks.world import make_task
from tests.vault import samples
from tests.vault.samples import upload

HTMX = {"HX-Request": "true"}


def url(name: str, row, *more) -> str:
    return reverse(f"tasks:{name}", args=[row.pk, *more])


def typed(row: Assignment, *texts: str, revision: int = 0) -> dict[str, str]:
    data = {}
    for requirement, text in zip(row.requirements, texts, strict=True):
        data |= {f"text-{requirement.pk}": text, f"revision-{requirement.pk}": str(revision)}
    return data


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


class TestVisibility:
    @pytest.fixture
    def stranger(self, people):
        return member(InstitutionFactory(), Role.CIO)

    @pytest.mark.parametrize("name", ["detail", "hand_in", "sign", "exempt"])
    def test_another_institutions_pages_are_not_found(self, browse, filled, stranger, name):
        assert browse(stranger).get(url(name, filled)).status_code == 404

    @pytest.mark.parametrize("name", ["detail", "hand_in", "sign", "send_back", "exempt"])
    def test_nor_can_anything_be_done_there(self, browse, filled, stranger, name):
        assert browse(stranger).post(url(name, filled), {"reason": "x"}).status_code == 404

    def test_another_institutions_files_are_not_found(self, browse, filled, stranger):
        file = filled.evidence.first()
        client = browse(stranger)
        assert client.get(url("evidence_file", file)).status_code == 404
        assert client.post(url("evidence_withdraw", file)).status_code == 404
        requirement = filled.requirements.first()
        assert client.post(url("evidence_upload", filled, requirement.pk)).status_code == 404

    @pytest.mark.parametrize("role", ["supervisor", "lead", "observer"])
    def test_an_authority_never_sees_drafts(self, people, browse, filled, role):
        filled.sent_back_reason = "内部意见"
        filled.save()
        client = browse(getattr(people, role))
        content = text_of(client.get(url("detail", filled)))
        file = filled.evidence.first()
        for secret in ("已按要求落实", file.original_name, file.sha256[:8], "内部意见", "textarea"):
            assert secret not in content
        assert client.get(url("evidence_file", file)).status_code == 404
        assert client.get(url("files", filled, file.requirement_id)).status_code == 403

    def test_after_a_return_only_the_signed_version_is_seen(self, people, browse, filled):
        submission = SubmissionFactory(assignment=filled)
        Assignment.objects.filter(pk=filled.pk).update(state="submitted", submitted_at=submission.signed_at)
        actions.give_back(assignment=filled, by=people.supervisor, data={})
        requirement = filled.requirements.first()
        statement = filled.statements.get(requirement=requirement)
        drafts = {requirement.pk: actions.Draft("新的草稿", statement.revision)}
        actions.save_statements(assignment=filled, drafts=drafts, by=people.contributor)
        content = text_of(browse(people.supervisor).get(url("detail", filled)))
        assert "新的草稿" not in content
        assert "已按要求落实" in content
        assert submission.sha256 in content

    @pytest.mark.parametrize(
        ("name", "allowed"),
        [
            ("hand_in", {"contributor", "liaison"}),
            ("sign", {"cio"}),
            ("exempt", {"supervisor", "lead"}),
        ],
    )
    def test_decisions_are_refused_to_other_roles(self, people, browse, filled, name, allowed):
        for role in ("contributor", "liaison", "cio", "supervisor", "lead", "observer"):
            status = browse(getattr(people, role)).get(url(name, filled)).status_code
            assert (status == 403) == (role not in allowed), role

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("not_started", {"contributor": "还有 2 项要求", "cio": "等待填报人", "observer": "等待机构开始落实"}),
            ("in_progress", {"contributor": "还有 2 项要求", "supervisor": "签署报送前的内容不对监管单位显示"}),
            ("awaiting_signature", {"contributor": "等待首席信息官签署", "cio": "签署报送，或退回填报人"}),
            ("submitted", {"contributor": "等待监管人员审核", "supervisor": "请审核", "observer": "等待监管人员审核"}),
            ("returned", {"contributor": "按退回理由修改", "supervisor": "等待机构修改"}),
            ("accepted", {"contributor": "无需进一步操作", "observer": "无需进一步操作"}),
            ("not_applicable", {"cio": "不适用于本机构", "lead": "已认定不适用"}),
        ],
    )
    def test_everyone_reads_what_comes_next(self, people, browse, state, words):
        row = AssignmentFactory(task=make_task(), institution=people.institution, state=state)
        if state == "submitted":
            SubmissionFactory(assignment=row)
        for role, sentence in words.items():
            assert sentence in text_of(browse(getattr(people, role)).get(url("detail", row))), role

    def test_only_editors_in_an_editable_state_get_fields(self, people, browse, filled):
        assert "<textarea" in text_of(browse(people.liaison).get(url("detail", filled)))
        assert "<textarea" not in text_of(browse(people.cio).get(url("detail", filled)))
        actions.hand_in(assignment=filled, by=people.contributor)
        assert "<textarea" not in text_of(browse(people.liaison).get(url("detail", filled)))


class TestSaving:
    def test_a_plain_save(self, people, browse, assignment):
        client = browse(people.contributor)
        response = client.post(url("detail", assignment), typed(assignment, "甲\r\n乙", ""), follow=True)
        assert told(response) == ["已保存。"]
        assert assignment.statements.get().text == "甲\n乙"

    def test_a_save_in_the_background_answers_only_what_changed(self, people, browse, assignment):
        client = browse(people.contributor)
        response = client.post(url("detail", assignment), typed(assignment, "甲", "乙"), headers=HTMX)
        assert response["HX-Trigger"] == "saved"
        content = text_of(response)
        assert "已保存" in content and "<textarea" not in content
        for requirement in assignment.requirements:
            assert f'id="id_revision-{requirement.pk}"' in content
        assert 'value="1"' in content and "进行中" in content

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_a_stale_tab_shows_both_versions_and_keeps_the_typed(self, people, browse, assignment, headers):
        requirement = assignment.requirements.first()
        StatementFactory(assignment=assignment, requirement=requirement, text="同事的版本", revision=4)
        Assignment.objects.filter(pk=assignment.pk).update(state="in_progress", started_at=assignment.created_at)
        client = browse(people.contributor)
        response = client.post(url("detail", assignment), typed(assignment, "我的版本", "另一项"), headers=headers)
        content = text_of(response)
        for words in ("我的版本", "同事的版本", "另一项", "他人已先保存了新的内容"):
            assert words in content
        assert (response.get("HX-Retarget") == "#content") == bool(headers)
        assert assignment.statements.get().text == "同事的版本"
        # The page carries the newer revision: saved again, it is meant.
        form = response.context["form"]
        again = {f"text-{r.pk}": form[f"text-{r.pk}"].value() for r in assignment.requirements}
        again |= {f"revision-{r.pk}": form[f"revision-{r.pk}"].value() for r in assignment.requirements}
        assert again[f"revision-{requirement.pk}"] == 4
        client.post(url("detail", assignment), again)
        assert {s.text for s in assignment.statements.all()} == {"我的版本", "另一项"}

    def test_too_much_text_is_kept_and_pointed_at(self, people, browse, assignment):
        long = "长" * 5001
        response = browse(people.contributor).post(url("detail", assignment), typed(assignment, long, "乙"))
        content = text_of(response)
        assert long in content and "乙" in content
        assert f'href="#id_text-{assignment.requirements.first().pk}"' in content
        assert not assignment.statements.exists()

    @pytest.mark.parametrize("damage", [{"revision": "x"}, {"revision": "-1"}, {"revision": ""}])
    def test_a_damaged_form_saves_nothing_and_keeps_the_typed(self, people, browse, assignment, damage):
        response = browse(people.contributor).post(url("detail", assignment), typed(assignment, "甲", "乙", **damage))
        assert response.status_code == 200 and "甲" in text_of(response)
        assert not assignment.statements.exists()

    def test_out_of_hands_meanwhile_keeps_the_typed(self, people, browse, filled):
        actions.hand_in(assignment=filled, by=people.contributor)
        response = browse(people.liaison).post(url("detail", filled), typed(filled, "改", "改二", revision=1))
        content = text_of(response)
        assert "改二" in content
        assert "待签署" in content and "不能编辑" in content

    def test_others_may_not_save(self, people, browse, assignment):
        for role in ("cio", "supervisor", "observer"):
            response = browse(getattr(people, role)).post(url("detail", assignment), typed(assignment, "甲", "乙"))
            assert response.status_code == 403


class TestUploading:
    @pytest.fixture
    def place(self, assignment):
        return url("evidence_upload", assignment, assignment.requirements.first().pk)

    def test_a_plain_upload_of_several(self, people, browse, assignment, place):
        files = [upload("甲.pdf"), upload("乙.png", samples.PNG)]
        response = browse(people.contributor).post(place, {"file": files})
        assert response.status_code == 302
        assert response["Location"].endswith(f"#requirement-{assignment.requirements.first().pk}")
        assert assignment.evidence.count() == 2

    def test_a_plain_refusal_keeps_the_good_files(self, people, browse, assignment, place):
        files = [upload("甲.pdf"), upload("空.pdf", b""), upload("坏.pdf", samples.RAR)]
        response = browse(people.contributor).post(place, {"file": files})
        assert response.status_code == 422
        content = text_of(response)
        assert "文件“空.pdf”是空文件" in content and "文件“坏.pdf”不是 PDF" in content
        assert [file.original_name for file in assignment.evidence.all()] == ["甲.pdf"]

    def test_above_the_limit(self, people, browse, assignment, place, settings):
        settings.EVIDENCE_MAX_BYTES = 100_000
        response = browse(people.contributor).post(place, {"file": upload("大.pdf", samples.PDF.ljust(300_000))})
        assert response.status_code == 422 and "上限，未上传" in text_of(response)
        assert not assignment.evidence.exists()

    def test_no_file_chosen(self, people, browse, place):
        response = browse(people.contributor).post(place, {})
        assert response.status_code == 422 and "未选择文件。请选择要上传的文件。" in text_of(response)

    def test_not_for_a_requirement_of_another_task(self, people, browse, assignment):
        place = url("evidence_upload", assignment, RequirementFactory().pk)
        assert browse(people.contributor).post(place, {"file": upload()}).status_code == 404

    def test_others_may_not(self, people, browse, place):
        for role in ("cio", "supervisor", "observer"):
            assert browse(getattr(people, role)).post(place, {"file": upload()}).status_code == 403

    def test_handed_in_meanwhile(self, people, browse, filled):
        actions.hand_in(assignment=filled, by=people.contributor)
        place = url("evidence_upload", filled, filled.requirements.first().pk)
        response = browse(people.liaison).post(place, {"file": upload()}, follow=True)
        assert told(response) == ["当前状态为“待签署”，不能编辑。"]

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_withdrawing(self, people, browse, filled, headers):
        file = filled.evidence.first()
        response = browse(people.contributor).post(url("evidence_withdraw", file), headers=headers)
        assert response.status_code == (200 if headers else 302)
        assert file.original_name not in text_of(response)
        assert filled.evidence.current().count() == 1

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_withdrawing_too_late_is_explained(self, people, browse, filled, headers):
        actions.hand_in(assignment=filled, by=people.contributor)
        client = browse(people.contributor)
        response = client.post(url("evidence_withdraw", filled.evidence.first()), headers=headers, follow=True)
        assert response.status_code == 200 and "不能编辑" in text_of(response)
        assert filled.evidence.current().count() == 2


class TestHandingIn:
    def test_the_page_lists_what_is_handed_in(self, people, browse, filled):
        content = text_of(browse(people.contributor).get(url("hand_in", filled)))
        for file in filled.evidence.all():
            assert file.original_name in content
        assert "已按要求落实" in content and "确认提交" in content

    def test_what_is_missing_is_linked(self, people, browse, filled):
        filled.statements.first().delete()
        content = text_of(browse(people.contributor).get(url("hand_in", filled)))
        assert f"{url('detail', filled)}#requirement-{filled.requirements.first().pk}" in content
        assert "（缺说明）" in content and "确认提交" not in content

    def test_incomplete_work_is_refused_on_the_page(self, people, browse, filled):
        filled.evidence.update(withdrawn_at=timezone.now())
        response = browse(people.contributor).post(url("hand_in", filled))
        assert response.status_code == 200 and "下列要求尚缺说明、证明材料" in text_of(response)
        filled.refresh_from_db()
        assert filled.state == "in_progress"

    def test_a_double_click_hands_in_once(self, people, browse, filled):
        client = browse(people.contributor)
        client.post(url("hand_in", filled))
        response = client.post(url("hand_in", filled), follow=True)
        assert response.status_code == 200
        assert told(response) == ["已提交首席信息官签署。", "当前状态为“待签署”，现在不能执行此操作。"]

    @pytest.mark.parametrize("state", ["not_started", "returned"])
    def test_something_must_be_done_first(self, people, browse, state):
        row = AssignmentFactory(task=make_task(), institution=people.institution, state=state)
        response = browse(people.contributor).get(url("hand_in", row), follow=True)
        assert told(response) == ["请先填写或修改内容并保存，再提交签署。"]


class TestSigning:
    @pytest.fixture
    def waiting(self, people, filled):
        return actions.hand_in(assignment=filled, by=people.contributor)

    @pytest.fixture(autouse=True)
    def _password(self, people):
        with_password(people.cio)

    def sent(self, client, row, **changes) -> dict:
        """What the form on the page sends."""
        return {**client.get(url("sign", row)).context["sign_form"].initial, "password": PASSWORD, **changes}

    def test_the_page_shows_what_is_signed_and_its_digest(self, people, browse, waiting):
        response = browse(people.cio).get(url("sign", waiting))
        content = text_of(response)
        digests = actions.digests_to_sign(actions.content_to_sign(waiting))
        assert content.count(digests.sha256) == 2  # for people, and in the form
        assert digests.sm3 in content
        for file in waiting.evidence.all():
            assert file.original_name in content and file.sha256 in content
        assert "可以撤回" in content

    def test_signing(self, people, browse, waiting):
        client = browse(people.cio)
        response = client.post(url("sign", waiting), self.sent(client, waiting), follow=True)
        assert told(response) == ["已签署报送，等待监管人员审核。"]
        assert waiting.submissions.get().signed_by == people.cio

    def test_a_double_click_signs_once(self, people, browse, waiting):
        client = browse(people.cio)
        data = self.sent(client, waiting)
        client.post(url("sign", waiting), data)
        response = client.post(url("sign", waiting), data, follow=True)
        assert response.status_code == 200 and "现在不能执行此操作" in told(response)[-1]
        assert waiting.submissions.count() == 1

    @pytest.mark.parametrize("seen", ["0" * 64, "", "zz"])
    def test_another_content_is_not_signed(self, people, browse, waiting, seen):
        client = browse(people.cio)
        response = client.post(url("sign", waiting), self.sent(client, waiting, seen_sha256=seen))
        assert response.status_code == 200 and "未签署。请重新核对后再签署" in text_of(response)
        assert not waiting.submissions.exists()

    def test_sending_back_needs_a_reason_and_keeps_what_was_typed(self, people, browse, waiting):
        client = browse(people.cio)
        response = client.post(url("send_back", waiting), {"reason": " "})
        assert response.status_code == 200 and "请填写退回的理由" in text_of(response)
        response = client.post(url("send_back", waiting), {"reason": "长" * 2001})
        assert "长" * 2001 in text_of(response)

    def test_the_contributor_reads_why_it_came_back(self, people, browse, waiting):
        browse(people.cio).post(url("send_back", waiting), {"reason": "请补充审批记录"})
        content = text_of(browse(people.contributor).get(url("detail", waiting)))
        assert "请补充审批记录" in content and "<textarea" in content

    def test_the_list_of_what_waits(self, people, browse, waiting):
        AssignmentFactory(institution=people.institution)
        response = browse(people.cio).get(reverse("tasks:list"), {"state": "awaiting_signature"})
        assert [row.pk for row in response.context["rows"]] == [waiting.pk]


class TestExempting:
    def test_with_a_reason(self, people, browse, assignment):
        client = browse(people.supervisor)
        response = client.post(url("exempt", assignment), {"reason": "未开展相关业务"}, follow=True)
        assert told(response) == ["已认定本任务不适用于该机构。"]
        assert "未开展相关业务" in text_of(browse(people.cio).get(url("detail", assignment)))

    def test_not_without(self, people, browse, assignment):
        response = browse(people.supervisor).post(url("exempt", assignment), {"reason": ""})
        assert "请填写认定不适用的理由" in text_of(response)

    def test_not_once_it_is_signed(self, people, browse):
        row = AssignmentFactory(task=make_task(), institution=people.institution, state="submitted")
        response = browse(people.lead).post(url("exempt", row), {"reason": "x"}, follow=True)
        row.refresh_from_db()
        assert row.state == "submitted" and "现在不能执行此操作" in told(response)[0]


class TestReasons:
    def test_the_reasons_stand_where_the_work_is(self, people, browse, filled):
        submission = SubmissionFactory(assignment=filled)
        Assignment.objects.filter(pk=filled.pk).update(state="submitted", submitted_at=submission.signed_at)
        actions.give_back(assignment=filled, by=people.supervisor, data={})
        review = ReviewFactory(submission=submission, verdict="returned", comment="总体意见")
        Remark.objects.create(review=review, requirement=filled.requirements.first(), text="缺少附件")
        response = browse(people.contributor).get(url("detail", filled))
        content = text_of(response)
        assert content.count("缺少附件") == 2  # at the requirement, and in the history
        assert "总体意见" in content and submission.sha256 in content and submission.signed_by.name in content
        entries = {entry["line"].requirement.number: entry["line"].reason for entry in response.context["entries"]}
        assert entries == {1: "缺少附件", 2: ""}


class TestQueries:
    @pytest.mark.parametrize("role", ["contributor", "cio", "supervisor"])
    def test_a_page_costs_the_same_however_much_is_on_it(self, people, browse, role):
        client = browse(getattr(people, role))
        counts = []
        for requirements, versions in ((1, 1), (3, 3)):
            row = AssignmentFactory(task=make_task(requirements), institution=people.institution, state="returned")
            fill_in(row, by=UserFactory())
            for _ in range(versions):
                review = ReviewFactory(submission=SubmissionFactory(assignment=row), verdict="returned")
                for requirement in row.requirements:
                    Remark.objects.create(review=review, requirement=requirement, text="不全")
            client.get(url("detail", row))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url("detail", row)).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]
