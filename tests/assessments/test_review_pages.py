"""The review page: last cycle's answers beside, a verdict and a comment per requirement, and what it costs."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments import actions
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Review, ReviewDraft
from plan.enums import RequirementKind
from tests.assessments.reviewing import asks_for_two, submitted, typed
from tests.assessments.world import accepted, answer_all, draft, returned, seen, signed
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.tasks import SubmissionFactory

K = RequirementKind
S = SelfAssessmentState


def url(work, name="review_self_assessment"):
    return reverse(f"assessments:{name}", args=[work.pk])


def page(client, user, work, name="review_self_assessment"):
    client.force_login(user)
    return client.get(url(work, name), follow=True)


def earlier_cycle(world, months: int, state=S.ACCEPTED, said="上期的说明", title="去年的自评"):
    """What the institution signed in an earlier cycle of the same plan."""
    ends = world.cycle.period_ends_on - datetime.timedelta(days=30 * months)
    cycle = CycleFactory(
        plan=world.plan, title=title, period_starts_on=ends - datetime.timedelta(days=180), period_ends_on=ends
    )
    row = SelfAssessmentFactory(cycle=cycle, institution=world.institution)
    requirement = world.requirement(K.MATURITY)
    answer_all(world, row)
    drafts = {requirement.pk: draft(requirement, said, revision=1, level=4)}
    actions.save_answers(self_assessment=row, drafts=drafts, by=world.contributor)
    handed_in = actions.hand_in(self_assessment=row, by=world.contributor)
    row = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    if state != S.SUBMITTED:
        verdict = Verdict.ACCEPTED if state == S.ACCEPTED else Verdict.RETURNED
        remarks = {} if state == S.ACCEPTED else {requirement.pk: returned("请补充。")}
        actions.review_self_assessment(
            self_assessment=row, verdict=verdict, remarks=remarks, by=world.supervisor, authority=world.authority
        )
    return row


def rows_of(answer) -> dict:
    return {
        row.answer.reference: row for theme in answer.context["themes"] for task in theme.tasks for row in task.rows
    }


# --- What was answered before -----------------------------------------------------------------------------


def test_the_last_accepted_cycles_answer_stands_beside(client, world):
    earlier_cycle(world, 24, said="更早的说明", title="更早的自评")
    last = earlier_cycle(world, 12)
    earlier_cycle(world, 6, S.RETURNED, said="退回的说明", title="退回的自评")
    earlier_cycle(world, 3, S.SUBMITTED, said="未审的说明", title="未审的自评")
    answer = page(client, world.supervisor, signed(world))
    row = rows_of(answer)["1.2"]
    assert (row.earlier.answer, row.earlier.said) == ("4 级", "上期的说明")
    assert not row.is_unchanged
    assert rows_of(answer)["1.1"].is_unchanged
    assert "上期：去年的自评" in answer.text
    assert url(last) in answer.text
    for other in ("更早的说明", "退回的说明", "未审的说明"):
        assert other not in answer.text


def test_what_comes_later_or_from_others_does_not_stand_beside(client, world):
    earlier_cycle(world, -6)
    other = SelfAssessmentFactory(cycle=CycleFactory(plan=world.plan), state=S.ACCEPTED)
    answer = page(client, world.supervisor, signed(world))
    assert answer.context["before"] is None
    assert other.institution != world.institution


def test_the_submission_before_stands_beside(client, world):
    first = submitted(world)
    statement = first.assignment.statements.get(requirement=world.requirement(K.MATURITY))
    statement.text = "改过的说明。"
    statement.save()
    second = SubmissionFactory(assignment=first.assignment)
    answer = page(client, world.supervisor, second, "review_submission")
    row = rows_of(answer)["1.2"]
    assert (row.answer.said, row.earlier.said) == ("改过的说明。", "已按要求落实。")
    assert page(client, world.supervisor, first, "review_submission").context["before"] is None


# --- Verdict and comment per requirement ------------------------------------------------------------------


def test_accepted_comments_are_shown_as_comments_and_returned_ones_as_reasons(client, world):
    version = signed(world)
    client.force_login(world.supervisor)
    assert client.post(url(version), typed(world) | {"verdict": "returned"}).status_code == 302
    for user, name in ((world.supervisor, "review_self_assessment"), (world.cio, "detail")):
        text = page(client, user, version, name).text
        assert f"{world.authority.name}退回第 1 版的理由" in text
        assert f"{world.authority.name}对第 1 版的意见" in text
        assert "此项无误。" in text
    second = world.cycle.self_assessments.get(version=2)
    client.force_login(world.contributor)
    work = client.get(reverse("assessments:task", args=[second.pk, 1])).text
    assert "请补充制度文件。" in work
    assert "此项无误。" in work[work.index("历次意见") :]


def test_an_accepted_submission_shows_its_comments_where_the_work_is(client, world):
    submission = submitted(world)
    remarks = {world.requirement(K.DATE).pk: accepted("可作范例。")}
    actions.review_submission(
        submission=submission,
        verdict=Verdict.ACCEPTED,
        remarks=remarks,
        by=world.supervisor,
        authority=world.authority,
    )
    client.force_login(world.contributor)
    text = client.get(reverse("tasks:detail", args=[submission.assignment_id])).text
    assert "对其他要求的意见" in text
    assert "可作范例。" in text


def test_a_comment_without_a_verdict_goes_with_the_acceptance_only(client, world):
    version = signed(world)
    pk = world.requirement(K.DATE).pk
    client.force_login(world.supervisor)
    unclear = client.post(url(version), typed(world) | {"verdict": "returned", f"verdict_{pk}": ""})
    assert unclear.status_code == 400
    assert "已填写意见，请选择接受或退回这项要求" in unclear.text
    assert f'href="#id_text_{pk}"' in unclear.text
    client.post(url(version), {"verdict": "accepted", f"text_{pk}": "可作范例。"})
    assert [(r.verdict, r.text) for r in Review.objects.get().remarks.all()] == [("accepted", "可作范例。")]


def test_a_return_without_words_is_named_at_its_requirement(client, world):
    version = signed(world)
    client.force_login(world.supervisor)
    answer = client.post(url(version), typed(world, text=" ") | {"verdict": "returned"})
    assert answer.status_code == 400
    assert "请填写退回这项要求的理由" in answer.text
    assert f'href="#id_text_{world.requirement(K.MATURITY).pk}"' in answer.text
    assert "此项无误。</textarea>" in answer.text


def test_sending_from_a_window_left_behind_is_refused_once(client, world):
    version = signed(world)
    client.force_login(world.supervisor)
    save = reverse("assessments:save_review_draft", args=["self-assessments", version.pk])
    client.post(save, typed(world, text="另一窗口"))
    answer = client.post(url(version), typed(world, 0, text="本窗口") | {"verdict": "returned"})
    assert answer.status_code == 400
    assert "在另一个窗口中已有修改" in answer.text
    assert "本窗口</textarea>" in answer.text
    assert answer.context["form"]["revision"].value() == "1"
    client.post(url(version), typed(world, 1, text="本窗口") | {"verdict": "returned"})
    assert [reason.text for reason in Review.objects.get().reasons] == ["本窗口"]
    assert not ReviewDraft.objects.exists()


def test_the_keys_are_named_where_they_act(client, world):
    text = page(client, world.supervisor, signed(world)).text
    for key in ('"A"', '"R"', '"C"', '"E"', '"?"'):
        assert f"aria-keyshortcuts={key}" in text
    text = page(client, world.observer, world.cycle.self_assessments.get()).text
    assert 'aria-keyshortcuts="A"' not in text


def test_a_given_review_leads_to_a_rectification_where_there_is_such_a_page(client, world, monkeypatch):
    version = signed(world)
    client.force_login(world.supervisor)
    client.post(url(version), typed(world) | {"verdict": "returned"})
    review = Review.objects.get()
    monkeypatch.setattr("assessments.views.reviewing._rectify_url", lambda given: f"/x/?review={given.pk}")
    link = f"/x/?review={review.pk}&amp;requirement={world.requirement(K.MATURITY).pk}"
    assert link in page(client, world.supervisor, version).text
    assert link not in page(client, world.observer, version).text


# --- What it costs ----------------------------------------------------------------------------------------


def cost(client, user, work, name="review_self_assessment") -> int:
    client.force_login(user)
    client.get(url(work, name))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url(work, name)).status_code == 200
    return len(queries)


@pytest.mark.parametrize("needs_second", [False, True])
def test_a_page_costs_the_same_however_much_is_drafted_and_answered(client, world, needs_second):
    if needs_second:
        asks_for_two(world)
    version = signed(world)
    requirements = list(world.first.requirements.all())

    def save(count, revision):
        actions.save_review_draft(
            signed=version,
            comment="",
            remarks={requirement.pk: returned("请补充。") for requirement in requirements[:count]},
            revision=revision,
            by=world.supervisor,
            authority=world.authority,
        )

    save(1, 0)
    one = cost(client, world.supervisor, version)
    save(6, 1)
    assert cost(client, world.supervisor, version) == one


def test_earlier_answers_cost_no_query_of_their_own(client, world):
    version = signed(world)
    without = cost(client, world.supervisor, version)
    earlier_cycle(world, 12)
    assert cost(client, world.supervisor, version) == without


def test_a_proposal_costs_the_same_for_one_remark_and_for_six(client, world):
    asks_for_two(world)
    version, requirements = signed(world), list(world.first.requirements.all())
    costs = []
    for revision, count in ((0, 1), (1, 6)):
        proposal = actions.propose_review(
            signed=version,
            verdict=Verdict.RETURNED,
            remarks={requirement.pk: returned("请补充。") for requirement in requirements[:count]},
            by=world.supervisor,
            authority=world.authority,
            revision=revision,
        )
        costs.append(cost(client, world.lead, version))
        actions.recall_review(draft=proposal, by=world.supervisor)
    assert costs[0] == costs[1]


def test_an_autosave_is_one_read_and_one_write_of_the_draft(world):
    version = signed(world)
    given = {"signed": version, "comment": "", "remarks": {}, "by": world.supervisor, "authority": world.authority}
    actions.save_review_draft(**given, revision=0)
    with CaptureQueriesContext(connection) as queries:
        actions.save_review_draft(**given, revision=1)
    of_draft = [query["sql"] for query in queries if "assessments_reviewdraft" in query["sql"]]
    assert [sql.split()[0] for sql in of_draft] == ["SELECT", "UPDATE"]
