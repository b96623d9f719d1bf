"""Who deals with what: assigning, taking, giving back; the queue by officer; the load of each reviewer."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from assessments import actions
from assessments.actions import TakenAlready
from assessments.cases import loads_of, officers_of, reviewers_of
from assessments.enums import ReviewDraftState, Verdict
from assessments.filters import QueueFilterForm
from assessments.models import CaseOfficer, ReviewDraft
from assessments.queue import Queue
from portal.accounts.actions import add_member, remove_member, set_scope
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Authority, User
from portal.audit.actions import verify
from portal.audit.models import AuditEvent
from portal.notices import texts
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.assessments.test_queue import rows, self_assessment, submission
from tests.assessments.test_races import again, at_once
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import ReviewFactory
from tests.factories.tasks import SubmissionFactory

QUEUE = reverse("assessments:review_queue")


@pytest.fixture
def office(db) -> Authority:
    return AuthorityFactory()


@pytest.fixture
def lead(office) -> User:
    return member(office, Role.LEAD_SUPERVISOR, name="组长")


@pytest.fixture
def first(office) -> User:
    return member(office, Role.SUPERVISOR, name="甲")


@pytest.fixture
def second(office) -> User:
    return member(office, Role.SUPERVISOR, name="乙")


def assign(works, officer, by, office) -> int:
    return actions.assign_cases(works=works, officer=officer, authority=office, by=again(by))


def officer_of(signed, user) -> User | None:
    found = officers_of([signed], user, membership_of(user)).get(signed)
    return found.user if found else None


# --- Assigning --------------------------------------------------------------------------------------------


def test_a_lead_assigns_work_of_both_kinds_and_the_colleague_is_told_once(office, lead, first):
    works = [submission(5), self_assessment(3), submission(1)]
    assert assign(works, first, lead, office) == 3
    assert [officer_of(signed, lead) for signed in works] == [first] * 3
    notice = Notice.objects.get()
    assert (notice.recipient, notice.kind, notice.path) == (first, NoticeKind.CASE_ASSIGNED, QUEUE + "?officer=me")
    task = works[0].assignment.task
    assert texts.subject(notice) == f"请您审核：任务{task.number}“{task.title}”等 3 件"
    with translation.override("en"):
        assert task.title_en in texts.subject(notice)


def test_one_alone_leads_to_its_page(office, lead, first):
    signed = self_assessment(1)
    assign([signed], first, lead, office)
    notice = Notice.objects.get()
    assert notice.path == reverse("assessments:review_self_assessment", args=[signed.pk])
    assert texts.subject(notice) == f"请您审核：“{signed.cycle.title}”"


def test_every_institution_has_one_event_that_says_who_had_it_before(office, lead, first, second):
    one, other = submission(2), self_assessment(1)
    also = self_assessment(1, institution=one.institution)
    assign([one], first, lead, office)
    assign([other, one, also], second, lead, office)
    events = AuditEvent.objects.filter(action="case.assigned", data__officer=second.pk)
    assert {event.institution_id: event.data["cases"] for event in events} == {
        one.institution.pk: [
            {"assignment": one.assignment_id, "officer_before": first.pk},
            {"cycle": also.cycle_id, "officer_before": None},
        ],
        other.institution_id: [{"cycle": other.cycle_id, "officer_before": None}],
    }
    assert not list(verify(one.institution.pk))
    assert CaseOfficer.objects.get(assignment=one.assignment).assigned_by == lead


def test_what_a_colleague_has_already_is_not_assigned_again(office, lead, first):
    signed = submission(1)
    assert assign([signed], first, lead, office) == 1
    assert assign([signed], first, lead, office) == 0
    assert Notice.objects.count() == 1
    assert AuditEvent.objects.filter(action="case.assigned").count() == 1


def test_nobody_is_told_of_what_they_assign_to_themselves(office, lead):
    assert assign([submission(1)], lead, lead, office) == 1
    assert not Notice.objects.exists()


def test_the_next_version_comes_back_to_the_same_desk(office, lead, first):
    signed = submission(3)
    assign([signed], first, lead, office)
    ReviewFactory(submission=signed, verdict=Verdict.RETURNED)
    following = SubmissionFactory(assignment=signed.assignment)
    assert officer_of(following, lead) == first
    assert rows(first, officer="me") == [following]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OBSERVER])
def test_only_a_lead_assigns(office, first, role):
    with pytest.raises(PermissionDenied):
        assign([submission(1)], first, member(office, role), office)


def test_a_lead_assigns_within_the_scope_and_for_the_authority_only(office, lead, first):
    elsewhere = AuthorityFactory(kinds=[InstitutionKind.FUND])
    signed = submission(1)
    with pytest.raises(PermissionDenied):
        assign([signed], first, member(elsewhere, Role.LEAD_SUPERVISOR), office)
    with pytest.raises(PermissionDenied):
        assign([signed], first, lead, elsewhere)
    stranger = member(elsewhere, Role.LEAD_SUPERVISOR)
    with pytest.raises(PermissionDenied):
        assign([signed], stranger, stranger, elsewhere)
    assert not CaseOfficer.objects.exists()


def test_people_of_an_institution_assign_nothing(office, first):
    signed = submission(1)
    for role in (Role.CONTRIBUTOR, Role.LIAISON, Role.CIO):
        person = member(signed.institution, role)
        with pytest.raises(PermissionDenied):
            assign([signed], first, person, office)
        with pytest.raises(PermissionDenied):
            actions.take_cases(works=[signed], authority=office, by=person)


@pytest.mark.parametrize("role", [Role.OBSERVER, None])
def test_a_case_is_for_somebody_who_reviews_there(office, lead, role):
    person = member(office, role) if role else member(AuthorityFactory(), Role.SUPERVISOR)
    with pytest.raises(ValidationError) as caught:
        assign([submission(1)], person, lead, office)
    assert caught.value.code == "stranger"


def test_nobody_gets_or_takes_what_their_own_institution_signed(office, lead, first):
    signed = submission(1)
    add_member(user=first, body=signed.institution, role=Role.LIAISON, by=None)
    with pytest.raises(ValidationError) as caught:
        assign([signed], again(first), lead, office)
    assert caught.value.code == "own_institution"
    with pytest.raises(PermissionDenied):
        actions.take_cases(works=[signed], authority=office, by=again(first))
    add_member(user=lead, body=signed.institution, role=Role.LIAISON, by=None)
    with pytest.raises(PermissionDenied):
        assign([signed], first, lead, office)


# --- Taking and giving back -------------------------------------------------------------------------------


def test_a_reviewer_takes_what_nobody_has_and_gives_it_back(office, first, second):
    signed = self_assessment(1)
    assert actions.take_cases(works=[signed], authority=office, by=first) == 1
    assert officer_of(signed, second) == first
    with pytest.raises(TakenAlready) as caught:
        actions.take_cases(works=[signed], authority=office, by=second)
    assert "甲" in caught.value.message
    assert actions.give_back_cases(works=[signed], authority=office, by=second) == 0
    assert officer_of(signed, second) == first
    assert actions.give_back_cases(works=[signed], authority=office, by=first) == 1
    assert officer_of(signed, second) is None
    assert AuditEvent.objects.get(action="case.given_back").data["cases"][0]["officer_before"] == first.pk
    assert not Notice.objects.exists()


def test_one_that_is_taken_holds_up_the_others(office, first, second):
    taken, free = submission(2), submission(1)
    actions.take_cases(works=[taken], authority=office, by=first)
    with pytest.raises(TakenAlready):
        actions.take_cases(works=[taken, free], authority=office, by=second)
    assert officer_of(free, second) is None


def test_a_lead_gives_back_for_a_colleague(office, lead, first):
    signed = submission(1)
    assign([signed], first, lead, office)
    assert actions.give_back_cases(works=[signed], authority=office, by=lead) == 1
    assert not CaseOfficer.objects.exists()


def test_an_observer_takes_nothing(office):
    observer = member(office, Role.OBSERVER)
    with pytest.raises(PermissionDenied):
        actions.take_cases(works=[submission(1)], authority=office, by=observer)
    with pytest.raises(PermissionDenied):
        actions.give_back_cases(works=[submission(1)], authority=office, by=observer)


def test_two_authorities_each_have_their_own_officer(office, lead, first):
    signed, other = submission(1), AuthorityFactory()
    their_lead, their_reviewer = member(other, Role.LEAD_SUPERVISOR), member(other, Role.SUPERVISOR)
    assign([signed], first, lead, office)
    assign([signed], their_reviewer, their_lead, other)
    assert officer_of(signed, lead) == first
    assert officer_of(signed, their_lead) == their_reviewer
    assert not CaseOfficer.objects.visible_to(member(signed.institution, Role.CIO)).exists()


def test_a_case_locks_nothing(office, lead, first, second):
    signed = submission(1)
    assign([signed], first, lead, office)
    assert rows(second) == [signed]


# --- The queue by officer ---------------------------------------------------------------------------------


def test_the_filter_by_officer(office, lead, first, second):
    one, two, three = submission(3), self_assessment(2), submission(1)
    assign([one], first, lead, office)
    assign([two], second, lead, office)
    named = {"colleagues": reviewers_of(office.pk)}
    assert rows(first, officer="me") == [one]
    assert rows(first, officer="none") == [three]
    queue = Queue(first, membership_of(first), QueueFilterForm({"officer": second.pk}, **named))
    assert [item.row for item in queue.items()] == [two]
    assert queue.count() == (1, False)
    nonsense = Queue(first, membership_of(first), QueueFilterForm({"officer": "x"}, **named))
    assert len(nonsense.items()) == 3


@pytest.mark.parametrize("how", ["removed", "observer", "locked out"])
def test_what_somebody_left_behind_is_to_be_assigned_anew(client, office, lead, first, second, how):
    signed = submission(1)
    assign([signed], first, lead, office)
    if how == "removed":
        remove_member(membership=membership_of(first), by=again(lead))
    elif how == "observer":
        add_member(user=first, body=office, role=Role.OBSERVER, by=None)
    else:
        User.objects.filter(pk=first.pk).update(is_active=False)
    assert rows(lead, officer="none") == [signed]
    client.force_login(lead)
    page = client.get(QUEUE)
    assert "待重新分派" in page.text
    assert "未分派 1 件" in page.text
    assert actions.take_cases(works=[signed], authority=office, by=second) == 1
    assert rows(lead, officer="none") == []


def test_the_queue_walks_its_indexes_whoever_deals_with_it(office, lead, first):
    """No sort: a page is read from its start, however long the queue."""
    for officer in ("me", "none", str(first.pk)):
        form = QueueFilterForm({"officer": officer}, colleagues=reviewers_of(office.pk))
        queue = Queue(first, membership_of(first), form)
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"
            )
        submissions = queue.submissions.order_by("assignment__submitted_at", "pk")[:25].explain()
        self_assessments = queue.self_assessments.order_by("signed_at", "pk")[:25].explain()
        assert "assignment_in_queue" in submissions
        assert "self_assessment_in_queue" in self_assessments


# --- Load -------------------------------------------------------------------------------------------------


def test_the_load_of_each_reviewer(office, lead, first, second):
    old, young, done = self_assessment(9), submission(2), submission(4)
    submission(20)
    assign([old, young, done], first, lead, office)
    ReviewFactory(submission=done, authority=office, reviewer=second)
    Assignment.objects.filter(pk=done.assignment_id).update(state=AssignmentState.ACCEPTED, accepted_at=timezone.now())
    long_ago = timezone.now() - datetime.timedelta(days=40)
    ReviewFactory(submission=SubmissionFactory(), authority=office, reviewer=second, created_at=long_ago)
    ReviewFactory(submission=SubmissionFactory(), authority=AuthorityFactory(), reviewer=second)
    acting = membership_of(lead)
    colleagues = list(reviewers_of(office.pk))
    queue = Queue(lead, acting, QueueFilterForm({}))
    with CaptureQueriesContext(connection) as queries:
        loads = loads_of(colleagues, queue, acting)
    assert len(queries) == 3
    figures = {load.officer: (load.waiting, load.oldest_days, load.decided) for load in loads}
    assert figures == {lead: (0, None, 0), first: (2, 9, 0), second: (0, None, 1)}


def test_each_figure_is_the_length_of_the_list_behind_it(office, lead, first, second):
    elsewhere = submission(3, institution=InstitutionFactory(kind=InstitutionKind.FUND))
    assign([elsewhere, submission(1), self_assessment(2)], first, lead, office)
    set_scope(authority=office, kinds=[InstitutionKind.SECURITIES], all_regions=True, by=None)
    acting = membership_of(lead)
    colleagues = list(reviewers_of(office.pk))
    loads = loads_of(colleagues, Queue(lead, acting, QueueFilterForm({})), acting)
    for load in loads:
        form = QueueFilterForm({"officer": load.officer.pk}, colleagues=colleagues)
        assert load.waiting == Queue(lead, acting, form).count().number
    assert sum(load.waiting for load in loads) == 2


# --- Pages ------------------------------------------------------------------------------------------------


def test_rows_are_ticked_and_assigned(client, office, lead, first):
    one, two = submission(2), self_assessment(1)
    client.force_login(lead)
    page = client.get(QUEUE)
    assert 'value="assign"' in page.text
    ticked = [f"0~{one.pk}", f"1~{two.pk}"]
    answer = client.post(QUEUE + "?kind=securities", {"work": ticked, "what": "assign", "officer": first.pk})
    assert answer.url == QUEUE + "?kind=securities"
    page = client.get(answer.url)
    assert "已将 2 件分派给甲。" in page.text
    assert officer_of(one, lead) == officer_of(two, lead) == first


def test_a_reviewer_takes_and_gives_back_on_the_page(client, office, first):
    one = submission(2)
    client.force_login(first)
    assert 'value="assign"' not in client.get(QUEUE).text
    client.post(QUEUE, {"work": [f"0~{one.pk}"], "what": "take"})
    assert officer_of(one, first) == first
    client.post(QUEUE, {"work": [f"0~{one.pk}"], "what": "give_back"})
    assert officer_of(one, first) is None
    answer = client.post(QUEUE, {"work": [f"0~{one.pk}"], "what": "assign", "officer": first.pk})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"what": "assign"}, "请先勾选要办理的报送。"),
        ({"what": "assign", "work": "mine"}, "请选择经办人。"),
        ({"what": "assign", "work": "mine", "officer": "999999"}, "999999"),
        ({"what": "take", "work": "gone"}, "所选报送已不在队列中"),
        ({"what": "take", "work": "x~y"}, "所选报送已不在队列中"),
        ({"what": "fly", "work": "mine"}, "fly"),
    ],
)
def test_what_makes_no_sense_is_told_and_the_ticks_stay(client, office, lead, typed, told):
    one = submission(2)
    gone = SubmissionFactory()
    ReviewFactory(submission=gone)
    names = {"mine": f"0~{one.pk}", "gone": f"0~{gone.pk}"}
    if "work" in typed:
        typed = typed | {"work": names.get(typed["work"], typed["work"])}
    client.force_login(lead)
    answer = client.post(QUEUE, typed)
    assert answer.status_code == 400
    assert told in answer.text
    assert ("checked" in answer.text) == (typed.get("work") == names["mine"])
    assert not CaseOfficer.objects.exists()


def test_work_beyond_the_scope_is_not_touched(client, office):
    there = AuthorityFactory(kinds=[InstitutionKind.FUND])
    one = submission(2)
    client.force_login(member(there, Role.LEAD_SUPERVISOR))
    answer = client.post(QUEUE, {"work": [f"0~{one.pk}"], "what": "take"})
    assert "所选报送已不在队列中" in answer.text
    assert not CaseOfficer.objects.exists()


def test_a_page_costs_the_same_for_one_row_and_for_three(client, office, lead, first):
    client.force_login(lead)
    costs = []
    for number in (1, 2):
        works = [made for _ in range(number) for made in (submission(1), self_assessment(1))]
        assign(works, first, lead, office)
        propose(submission(1), first, office)
        for page in (QUEUE, reverse("assessments:review_proposals")):
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            costs.append(len(queries))
    assert costs[:2] == costs[2:]


def test_a_colleague_more_costs_no_query(client, office, lead):
    client.force_login(lead)
    costs = []
    for _ in range(3):
        assign([submission(1)], member(office, Role.SUPERVISOR), lead, office)
        with CaptureQueriesContext(connection) as queries:
            client.get(QUEUE)
        costs.append(len(queries))
    assert len(set(costs[1:])) == 1


# --- What waits for a second pair of eyes -----------------------------------------------------------------


def propose(signed, reviewer, authority) -> ReviewDraft:
    return ReviewDraft.objects.create(
        submission=signed,
        authority=authority,
        reviewer=reviewer,
        state=ReviewDraftState.PROPOSED,
        verdict=Verdict.ACCEPTED,
        proposed_at=timezone.now(),
    )


def test_a_lead_finds_what_colleagues_propose(client, office, lead, first):
    mine, theirs, decided = submission(3), submission(2), submission(1)
    propose(theirs, first, office)
    propose(mine, lead, office)
    propose(decided, first, office)
    ReviewFactory(submission=decided)
    elsewhere = AuthorityFactory()
    propose(submission(1), member(elsewhere, Role.SUPERVISOR), elsewhere)
    client.force_login(lead)
    page = client.get(reverse("assessments:review_proposals"))
    assert theirs.institution.name in page.text
    assert page.text.count('class="main"') == 1
    assert "待复核" in client.get(QUEUE).text


def test_only_leads_have_the_list_of_proposals(client, office, first):
    for user in (first, member(office, Role.OBSERVER), member(InstitutionFactory(), Role.CIO)):
        client.force_login(user)
        assert client.get(reverse("assessments:review_proposals")).status_code == 403
    client.force_login(first)
    assert "待复核" not in client.get(QUEUE).text


# --- At once ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_leads_assign_at_once(transactional_db):
    office = AuthorityFactory()
    leads = [member(office, Role.LEAD_SUPERVISOR) for _ in range(2)]
    officers = [member(office, Role.SUPERVISOR) for _ in range(2)]
    works = [submission(3), self_assessment(2), submission(1)]

    def give(lead, officer, ordered):
        return lambda: actions.assign_cases(works=ordered, officer=officer, authority=office, by=again(lead))

    outcomes = at_once(give(leads[0], officers[0], works), give(leads[1], officers[1], works[::-1]))
    assert outcomes == [3, 3]
    assert CaseOfficer.objects.count() == 3
    (winner,) = set(CaseOfficer.objects.values_list("officer", flat=True))
    loser = next(officer.pk for officer in officers if officer.pk != winner)
    later = AuditEvent.objects.filter(action="case.assigned", data__officer=winner)
    assert {case["officer_before"] for event in later for case in event.data["cases"]} == {loser}
    assert not [broken for signed in works for broken in verify(signed.institution.pk)]


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_take_at_once(transactional_db):
    office = AuthorityFactory()
    reviewers = [member(office, Role.SUPERVISOR) for _ in range(2)]
    signed = submission(1)

    def take(reviewer):
        return lambda: actions.take_cases(works=[signed], authority=office, by=again(reviewer))

    outcomes = at_once(*map(take, reviewers))
    assert sorted(isinstance(outcome, TakenAlready) for outcome in outcomes) == [False, True]
    assert CaseOfficer.objects.count() == 1
