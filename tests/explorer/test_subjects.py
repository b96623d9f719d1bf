"""What holds for every subject: whose rows, how many queries, and no address that breaks a page."""

import datetime
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.enums import RectificationState, SelfAssessmentState, Verdict
from assessments.models import Remark
from plan.enums import MATURITY_LEVELS, RequirementKind
from portal.accounts.enums import InstitutionKind, Role
from reports.explorer.registry import LISTED
from tests.explorer.pages import SUBJECTS, page_of, queries_of, rows_of
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member
from tests.factories.assessments import AnswerFactory, CycleFactory, ReviewFactory, scored
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory

pytestmark = pytest.mark.django_db
S = SelfAssessmentState


def maturity(task, **fields):
    criteria = [{"zh": f"{level} 级", "en": f"Level {level}"} for level in MATURITY_LEVELS]
    return RequirementFactory(task=task, kind=RequirementKind.MATURITY, criteria=criteria, **fields)


class World:
    """One institution with a row of each subject; `rows` holds their keys."""

    def __init__(self, kind: InstitutionKind, cycle, requirement, region: str = "shanghai") -> None:
        self.institution = InstitutionFactory(kind=kind, region=RegionFactory(code=region, name=region))
        assignment = AssignmentFactory(task=requirement.task, institution=self.institution, state="submitted")
        self.evidence = EvidenceFactory(assignment=assignment, requirement=requirement, frozen_at=timezone.now())
        self.signed = scored(self.institution, cycle, "3.4")
        self.answer = AnswerFactory(self_assessment=self.signed, requirement=requirement, level=2)
        self.rectification = RectificationFactory(institution=self.institution, requirement=requirement)
        self.rows = {
            "assignments": assignment.pk,
            "institutions": self.institution.pk,
            "requirements": self.answer.pk,
            "evidence": self.evidence.pk,
            "rectifications": self.rectification.pk,
        }


@pytest.fixture
def worlds(people):
    requirement = maturity(TaskFactory())
    cycle = CycleFactory(plan=requirement.task.plan)
    return SimpleNamespace(
        here=World(InstitutionKind.SECURITIES, cycle, requirement),
        there=World(InstitutionKind.FUTURES, cycle, requirement, region="beijing"),
        requirement=requirement,
        cycle=cycle,
    )


@pytest.fixture
def narrow(worlds):
    """A body that supervises futures companies only."""
    return AuthorityFactory(kinds=[InstitutionKind.FUTURES])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_role_sees_its_scope_and_no_more(people, browse, worlds, narrow, subject):
    here, there = worlds.here.rows[subject], worlds.there.rows[subject]
    for who in (people.supervisor, people.lead, people.observer):
        assert {here, there} <= set(rows_of(browse(who).get(page_of(subject))))
    for role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER):
        response = browse(member(narrow, role)).get(page_of(subject))
        assert rows_of(response) == [there]
        assert worlds.here.institution.name not in response.text
    for who in (people.liaison, people.contributor, people.cio):
        assert browse(who).get(page_of(subject)).status_code == 403


def test_somebody_in_two_bodies_sees_what_the_one_acted_for_supervises(browse, worlds, narrow):
    person = member(AuthorityFactory(kinds=[InstitutionKind.SECURITIES]), Role.SUPERVISOR)
    person.memberships.create(authority=narrow, role=Role.OBSERVER)
    person.groups.add(narrow.group)
    client = browse(person)
    client.post(reverse("accounts:act_for", args=[person.memberships.get(authority=narrow).pk]))
    for subject in SUBJECTS:
        assert rows_of(client.get(page_of(subject))) == [worlds.there.rows[subject]]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_page_costs_the_same_with_more_rows(people, browse, worlds, subject):
    client = browse(people.supervisor)
    every = "&".join(f"column={column.key}" for column in LISTED[subject].columns)
    url = f"{page_of(subject)}?{every}"
    before = queries_of(client, url)
    for kind, region in ((InstitutionKind.FUND, "shenzhen"), (InstitutionKind.CORE, "tibet")):
        World(kind, worlds.cycle, worlds.requirement, region)
    assert len(rows_of(client.get(url))) >= 4
    assert queries_of(client, url) == before


@pytest.mark.parametrize(
    ("subject", "query", "expected"),
    [
        ("institutions", {"kind": "futures"}, {"there"}),
        ("institutions", {"region": ["shanghai"]}, {"here"}),
        ("institutions", {"state": "submitted"}, {"here", "there"}),
        ("institutions", {"late": "0"}, set()),
        ("institutions", {"score_min": "3.3", "score_max": "3.5"}, {"here", "there"}),
        ("institutions", {"score_min": "3.5"}, set()),
        ("institutions", {"score_max": "3.3"}, set()),
        ("requirements", {"result": ["2", "no"]}, {"here", "there"}),
        ("requirements", {"result": "3"}, set()),
        ("requirements", {"verdict": "accepted", "kind": "futures"}, {"there"}),
        ("requirements", {"verdict": "returned"}, set()),
        ("requirements", {"state": ["accepted", "returned"]}, {"here", "there"}),
        ("evidence", {"standing": "current", "region": "beijing"}, {"there"}),
        ("evidence", {"standing": ["superseded", "withdrawn"]}, set()),
        ("rectifications", {"state": "open", "kind": "securities"}, {"here"}),
        ("rectifications", {"overdue": "1"}, set()),
    ],
)
def test_filters(people, browse, worlds, subject, query, expected):
    shown = rows_of(browse(people.supervisor).get(page_of(subject), query))
    known = {"here": worlds.here.rows[subject], "there": worlds.there.rows[subject]}
    assert {name for name, pk in known.items() if pk in shown} == expected
    assert set(shown) <= {*known.values(), people.institution.pk}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_filters_by_what_the_plan_has(people, browse, worlds, subject):
    client, task = browse(people.supervisor), worlds.requirement.task
    for query in ({"task": task.number}, {"theme": task.theme.number}, {"plan": task.plan.slug}):
        if subject == "requirements" and "plan" in query:
            continue
        assert worlds.here.rows[subject] in rows_of(client.get(page_of(subject), query))
    other = TaskFactory(number=90, theme__number=80)
    for query in ({"task": other.number}, {"theme": other.theme.number}):
        assert rows_of(client.get(page_of(subject), query)) == []


# --- Each subject's own -----------------------------------------------------------------------------------


def test_institutions_by_one_task_that_is_all_of_it(people, browse):
    """Late with one task and returned with another is not late with a returned one."""
    today = timezone.localdate()
    one, two = TaskFactory(number=1), TaskFactory(number=2)
    late = {"institution": people.institution, "deadline": today - datetime.timedelta(days=40)}
    AssignmentFactory(task=one, **late)
    AssignmentFactory(task=two, institution=people.institution, state="returned")
    client, url = browse(people.supervisor), page_of("institutions")
    assert rows_of(client.get(url, {"late": "30", "task": "1"})) == [people.institution.pk]
    assert rows_of(client.get(url, {"late": "30", "task": "2"})) == []
    assert rows_of(client.get(url, {"late": "30", "state": "returned"})) == []
    assert rows_of(client.get(url, {"late": "40"})) == []


def test_institutions_by_name_and_code_with_their_figures(people, browse):
    institution = InstitutionFactory(name="东方测试证券", name_en="Oriental Test", short_name="东测")
    past = timezone.localdate() - datetime.timedelta(days=2)
    for state, deadline in (("accepted", past), ("in_progress", past), ("not_applicable", past)):
        AssignmentFactory(institution=institution, state=state, deadline=deadline)
    client, url = browse(people.supervisor), page_of("institutions")
    for text in ("东方测", "oriental", "东测", institution.credit_code[:12]):
        assert institution.pk in rows_of(client.get(url, {"q": text}))
    row = client.get(url, {"q": "东方测"}).context["lines"][0].row
    assert (row.total, row.accepted, row.overdue, row.score) == (2, 1, 1, None)


def test_the_score_of_an_institution_is_that_of_the_last_period_accepted(people, browse):
    earlier = CycleFactory()
    later, latest = CycleFactory(plan=earlier.plan), CycleFactory(plan=earlier.plan)
    scored(people.institution, earlier, "4.5")
    scored(people.institution, later, "2.0")
    scored(people.institution, latest, "5.0", state=S.SUBMITTED)
    client, url = browse(people.supervisor), page_of("institutions")
    assert rows_of(client.get(url, {"score_min": "4"})) == []
    response = client.get(url, {"score_max": "2"})
    assert rows_of(response) == [people.institution.pk]
    assert "2.0" in response.text


def test_a_requirement_shows_the_version_signed_last_in_the_newest_cycle(people, browse, worlds):
    client, url = browse(people.supervisor), page_of("requirements")
    newer = CycleFactory(plan=worlds.cycle.plan, title="下半年自评")
    draft = scored(people.institution, newer, "1", state=S.DRAFT)
    AnswerFactory(self_assessment=draft, requirement=worlds.requirement, level=0)
    assert worlds.here.answer.pk in rows_of(client.get(url))  # of the newer cycle nothing is signed
    first = scored(worlds.here.institution, newer, "1", state=S.RETURNED)
    AnswerFactory(self_assessment=first, requirement=worlds.requirement, level=1)
    second = scored(worlds.here.institution, newer, "2", state=S.SUBMITTED, version=2)
    answer = AnswerFactory(self_assessment=second, requirement=worlds.requirement, level=4)
    response = client.get(url)
    assert rows_of(response) == [answer.pk]
    assert "4 级" in response.text
    assert worlds.here.answer.pk in rows_of(client.get(url, {"cycle": worlds.cycle.pk}))


def test_the_verdict_on_a_requirement(people, browse, worlds):
    returned = scored(people.institution, worlds.cycle, "1", state=S.RETURNED)
    answers = [
        AnswerFactory(self_assessment=returned, requirement=maturity(worlds.requirement.task), level=level)
        for level in (0, 5)
    ]
    review = ReviewFactory(self_assessment=returned, verdict=Verdict.RETURNED)
    Remark.objects.create(
        review=review, requirement=answers[0].requirement, verdict=Verdict.RETURNED, text="与材料不符。"
    )
    client, url = browse(people.supervisor), page_of("requirements")
    lines = client.get(url, {"institution": people.institution.pk}).context["lines"]
    assert {line.row.pk: line.row.verdict for line in lines} == {answers[0].pk: "returned", answers[1].pk: ""}
    assert rows_of(client.get(url, {"verdict": "returned"})) == [answers[0].pk]
    accepted = client.get(url, {"verdict": "accepted"}).context["lines"]
    assert {line.row.verdict for line in accepted} == {"accepted"}


def test_evidence_is_there_once_it_is_signed(people, browse, worlds):
    """And newest first."""
    EvidenceFactory(assignment_id=worlds.here.rows["assignments"], requirement=worlds.requirement, frozen_at=None)
    shown = rows_of(browse(people.supervisor).get(page_of("evidence")))
    assert shown == [worlds.there.evidence.pk, worlds.here.evidence.pk]


def test_rectifications_by_lateness(people, browse):
    past = timezone.localdate() - datetime.timedelta(days=31)
    late = RectificationFactory(institution=people.institution, deadline=past)
    RectificationFactory(institution=people.institution, deadline=past, state=RectificationState.UNVERIFIED)
    client, url = browse(people.supervisor), page_of("rectifications")
    assert rows_of(client.get(url, {"late": "30"})) == [late.pk]
    assert rows_of(client.get(url, {"late": "31"})) == []


# --- Addresses --------------------------------------------------------------------------------------------

NAMES = sorted(
    {name for listed in LISTED.values() for name in listed.filterset.base_filters} | {"sort", "column", "after", "x"}
)
SAID = [
    *("", "0", "1", "-1", "9" * 40, "x~y", "%", "😀", "\x00", "a\x00b"),
    *("returned", "futures", "shanghai", "-deadline", "institution", "2026-06-30"),
]
WORDS = st.one_of(st.sampled_from(SAID), st.integers(-5, 10**20).map(str), st.text(max_size=30))


@pytest.fixture
def futures_only(worlds, narrow):
    client = Client()
    client.force_login(member(narrow, Role.SUPERVISOR))
    return client


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subject=st.sampled_from(SUBJECTS),
    query=st.lists(st.tuples(st.sampled_from(NAMES), WORDS), max_size=6),
    own=st.booleans(),
)
def test_no_address_breaks_a_page_or_shows_what_is_not_ones_own(futures_only, worlds, subject, query, own):
    if own:
        query = [*query, ("institution", str(worlds.here.institution.pk))]
    response = futures_only.get(f"{page_of(subject)}?{urlencode(query)}")
    assert response.status_code == 200
    assert set(rows_of(response)) <= {worlds.there.rows[subject]}
    assert worlds.here.institution.name not in response.text


def test_tabs_keep_what_every_subject_can_be_narrowed_by(people, browse):
    page = browse(people.supervisor).get(page_of("assignments"), {"kind": "futures", "state": "returned"}).text
    assert f'href="{page_of("institutions")}?kind=futures"' in page
    assert f'href="{page_of("rectifications")}?kind=futures"' in page


def test_the_way_in(people, browse):
    client = browse(people.supervisor)
    assert client.get(reverse("explorer:index")).url == page_of("assignments")
    assert "查询" in client.get(reverse("home")).text
    assert 'aria-current="page"' in client.get(people.institution.get_absolute_url()).text
