"""What a reviewer types is kept, and is nobody else's to read, until it is sent."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from assessments import actions
from assessments.actions import AlreadyReviewed, StaleReviewDraft
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Review, ReviewDraft, SelfAssessment
from assessments.remarks import RemarkGiven, from_json, tally, to_json
from plan.enums import RequirementKind
from portal.accounts.actions import add_member
from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.models import Notice
from tests.assessments.reviewing import KINDS, submitted, typed
from tests.assessments.world import accepted, answer_all, hand_in, returned, seen, signed
from tests.factories.accounts import AuthorityFactory, member

K = RequirementKind
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]
SECRET = "此句只在草稿中"


@pytest.fixture
def version(world):
    return signed(world)


def save(world, work, text=SECRET, revision=0, by=None):
    remarks = {world.requirement(K.MATURITY).pk: returned(text), world.requirement(K.DATE).pk: RemarkGiven("", "")}
    return actions.save_review_draft(
        signed=work,
        comment="",
        remarks=remarks,
        revision=revision,
        by=by or world.supervisor,
        authority=world.authority,
    )


def url(work, name="save_review_draft"):
    return reverse(f"assessments:{name}", args=["self-assessments", work.pk])


def page(client, user, work):
    client.force_login(user)
    return client.get(reverse("assessments:review_self_assessment", args=[work.pk]), follow=True)


# --- Saving -----------------------------------------------------------------------------------------------


def test_a_draft_keeps_what_says_something(world, version):
    draft = save(world, version)
    assert draft.revision == 1
    assert draft.given == {world.requirement(K.MATURITY).pk: returned(SECRET)}
    assert save(world, version, "改过", revision=1).revision == 2
    assert ReviewDraft.objects.get().given[world.requirement(K.MATURITY).pk].text == "改过"


def test_remarks_come_back_from_json_as_they_went():
    remarks = {3: RemarkGiven("returned", "请改"), 4: RemarkGiven("", "想想"), 5: RemarkGiven("accepted", "")}
    assert from_json(to_json(remarks | {6: RemarkGiven("", "")})) == remarks
    assert tally([3, 4, 5, 6], remarks) == (4, 1, 1, 2)


def test_a_draft_is_written_over_no_newer_one(world, version):
    save(world, version)
    save(world, version, "另一窗口", revision=1)
    with pytest.raises(StaleReviewDraft) as caught:
        save(world, version, "旧窗口", revision=1)
    assert caught.value.current.revision == 2
    assert "另一窗口" in str(ReviewDraft.objects.get().remarks)


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_write_a_draft(world, version, who):
    if who in ("supervisor", "lead"):
        assert save(world, version, by=getattr(world, who)).reviewer == getattr(world, who)
    else:
        with pytest.raises(PermissionDenied):
            save(world, version, by=getattr(world, who))


def test_nobody_drafts_on_the_own_institution(world, version):
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    with pytest.raises(PermissionDenied):
        save(world, version, by=User.objects.get(pk=world.supervisor.pk))


def test_saving_tells_nobody(world, version):
    before = AuditEvent.objects.count(), Notice.objects.count()
    save(world, version)
    assert (AuditEvent.objects.count(), Notice.objects.count()) == before


# --- Who reads it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_draft_is_seen_by_its_reviewer_alone(client, world, version, who):
    save(world, version)
    user = getattr(world, who)
    is_own = who == "supervisor"
    assert ReviewDraft.objects.visible_to(user).exists() == is_own
    answer = page(client, user, version)
    assert (SECRET in answer.text) == is_own


def test_a_draft_is_not_seen_by_a_colleague_of_the_same_role(client, world, version):
    save(world, version)
    for colleague in (member(world.authority, Role.SUPERVISOR), member(AuthorityFactory(), Role.LEAD_SUPERVISOR)):
        assert SECRET not in page(client, colleague, version).text


def test_a_draft_is_not_seen_once_the_role_is_gone(world, version):
    save(world, version)
    world.supervisor.memberships.update(role=Role.OBSERVER)
    assert not ReviewDraft.objects.visible_to(User.objects.get(pk=world.supervisor.pk)).exists()


# --- The way to the verdict -------------------------------------------------------------------------------


def test_what_is_sent_ends_the_draft(world, version):
    save(world, version)
    other = save(world, version, "别人的", by=world.lead)
    actions.review_self_assessment(
        self_assessment=version,
        verdict=Verdict.ACCEPTED,
        remarks={},
        by=world.supervisor,
        authority=world.authority,
        revision=1,
    )
    assert list(ReviewDraft.objects.all()) == [other]


def test_a_verdict_read_from_an_older_draft_is_not_sent(world, version):
    save(world, version)
    with pytest.raises(StaleReviewDraft):
        actions.review_self_assessment(
            self_assessment=version,
            verdict=Verdict.ACCEPTED,
            remarks={world.requirement(K.DATE).pk: accepted()},
            by=world.supervisor,
            authority=world.authority,
            revision=0,
        )
    assert not Review.objects.exists()
    assert ReviewDraft.objects.exists()


def test_what_was_typed_is_still_kept_when_somebody_was_first(client, world, version):
    save(world, version)
    actions.review_self_assessment(
        self_assessment=version, verdict=Verdict.ACCEPTED, remarks={}, by=world.lead, authority=world.authority
    )
    assert save(world, version, "最后一句", revision=1).revision == 2
    answer = page(client, world.supervisor, version)
    assert "您未发送的草稿" in answer.text
    assert "最后一句" in answer.text
    assert 'name="verdict"' not in answer.text
    with pytest.raises(AlreadyReviewed):
        save(world, version, by=member(world.authority, Role.SUPERVISOR))


def test_a_withdrawn_version_is_not_judged_and_the_draft_stays_readable(client, world, version):
    save(world, version)
    version.state, version.withdrawn_at = SelfAssessmentState.WITHDRAWN, version.signed_at
    version.save()
    with pytest.raises(WrongState) as caught:
        actions.review_self_assessment(
            self_assessment=version,
            verdict=Verdict.ACCEPTED,
            remarks={},
            by=world.supervisor,
            authority=world.authority,
        )
    assert caught.value.code == "withdrawn"
    answer = page(client, world.supervisor, version)
    assert "已被机构撤回" in answer.text
    assert SECRET in answer.text
    assert SECRET not in page(client, world.lead, version).text


def test_the_next_version_begins_without_the_draft_of_the_last(client, world, version):
    save(world, version, by=world.lead)
    actions.review_self_assessment(
        self_assessment=version,
        verdict=Verdict.RETURNED,
        remarks={world.requirement(K.MATURITY).pk: returned("请补充。")},
        by=world.supervisor,
        authority=world.authority,
    )
    second = SelfAssessment.objects.get(version=2)
    answer_all(world, second)
    second.answers.update(reply="已补充。")
    handed_in = actions.hand_in(self_assessment=second, by=world.contributor)
    second = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    assert SECRET not in page(client, world.lead, second).text


# --- In the background ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_saves_and_brings_back(client, world, kind):
    work = submitted(world) if kind == "submissions" else signed(world)
    client.force_login(world.supervisor)
    answer = client.post(reverse("assessments:save_review_draft", args=[kind, work.pk]), typed(world))
    assert answer.status_code == 200
    assert answer.json()["revision"] == 1
    assert "已保存" in answer.json()["saved"]
    name = "review_submission" if kind == "submissions" else "review_self_assessment"
    text = client.get(reverse(f"assessments:{name}", args=[work.pk]))
    assert "请补充制度文件。</textarea>" in text.text
    assert "总体看法</textarea>" in text.text
    assert text.context["tally"][1:] == (1, 1, 2)
    assert text.context["form"]["revision"].value() == 1


def test_another_windows_draft_is_offered(client, world, version):
    client.force_login(world.supervisor)
    client.post(url(version), typed(world))
    client.post(url(version), typed(world, 1, text="另一窗口的话"))
    stale = client.post(url(version), typed(world, 1, text="本窗口的话"))
    assert stale.status_code == 409
    current = stale.json()["current"]
    assert current["revision"] == 2
    assert current["fields"][f"text_{world.requirement(K.MATURITY).pk}"] == "另一窗口的话"
    assert client.post(url(version), typed(world, 2, text="本窗口的话")).json()["revision"] == 3


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_save(client, world, version, who):
    client.force_login(getattr(world, who))
    expected = 200 if who in ("supervisor", "lead") else 403
    assert client.post(url(version), typed(world)).status_code == expected


def test_what_cannot_be_a_draft_is_named(client, world, version):
    client.force_login(world.supervisor)
    answer = client.post(url(version), typed(world, text="长" * 100_000))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("1.2 意见：")
    assert client.post(url(version), typed(world, comment="a\x00b")).status_code == 400
    bad = {f"verdict_{world.requirement(K.DATE).pk}": "maybe"}
    assert client.post(url(version), typed(world) | bad).status_code == 400
    assert not ReviewDraft.objects.exists()
    assert client.get(url(version)).status_code == 405


def test_a_draft_of_what_was_never_signed_is_not_found(client, world):
    hand_in(world)
    client.force_login(world.supervisor)
    assert client.post(url(world.draft), typed(world)).status_code == 404
    assert client.post(f"/assessments/reviews/other/{world.draft.pk}/draft/", typed(world)).status_code == 404


def test_saving_after_the_verdict_says_so(client, world, version):
    client.force_login(world.supervisor)
    client.post(url(version), typed(world))
    actions.review_self_assessment(
        self_assessment=version, verdict=Verdict.ACCEPTED, remarks={}, by=world.lead, authority=world.authority
    )
    answer = client.post(url(version), typed(world, 1))
    assert answer.json()["revision"] == 2
    assert "已不再等待审核" in answer.json()["error"]
    client.force_login(member(world.authority, Role.SUPERVISOR))
    late = client.post(url(version), typed(world))
    assert late.status_code == 409
    assert "已对该版本作出结论" in late.json()["error"]
