"""Who sees what, how lists are narrowed, and that a long list costs what a short one does."""

import datetime

import pytest
from django.utils import timezone

from portal.accounts.actions import add_member
from portal.accounts.enums import Role
from portal.audit.canonical import canonical_json, digests
from tasks.enums import AssignmentState
from tests.factories.accounts import InstitutionFactory, RegionFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, StatementFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


def ids(response) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.fixture
def contributor(api, world):
    person = world.people[Role.CONTRIBUTOR]
    api.force_login(person)
    return person


# --- Permissions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_its_own_rows_and_no_others(api, world, role):
    api.force_login(world.people[role])
    assert ids(api.get("/api/v1/assignments/")) == [world.ours.pk]
    assert ids(api.get("/api/v1/institutions/")) == [world.ours.institution_id]
    assert api.get(f"/api/v1/assignments/{world.ours.pk}/").status_code == 200
    assert api.get(f"/api/v1/institutions/{world.ours.institution_id}/").status_code == 200
    assert api.get(f"/api/v1/assignments/{world.theirs.pk}/").status_code == 404
    assert api.get(f"/api/v1/institutions/{world.theirs.institution_id}/").status_code == 404
    assert len(api.get("/api/v1/plans/").json()["results"]) == 1


def test_a_person_without_a_body_reads_plans_only(api, world):
    api.force_login(world.people["nobody"])
    assert ids(api.get("/api/v1/assignments/")) == ids(api.get("/api/v1/institutions/")) == []
    assert api.get(f"/api/v1/assignments/{world.ours.pk}/").status_code == 404
    assert api.get(f"/api/v1/plans/{world.ours.task.plan.slug}/").status_code == 200


def test_filters_do_not_reach_beyond_the_scope(api, world, contributor):
    assert ids(api.get("/api/v1/assignments/", {"institution": world.theirs.institution_id})) == []
    assert ids(api.get("/api/v1/institutions/", {"credit_code": world.theirs.institution.credit_code})) == []


@pytest.mark.parametrize("path", ["assignments/", "institutions/", "plans/", "assignments/{}/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written(api, world, contributor, method, path):
    response = getattr(api, method)(f"/api/v1/{path.format(world.ours.pk)}", {}, format="json")
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"


# --- Contents ---------------------------------------------------------------------------------------------


def test_an_assignment(api, world, contributor):
    row = api.get(f"/api/v1/assignments/{world.ours.pk}/").json()
    task, institution = world.ours.task, world.ours.institution
    assert row == {
        "id": world.ours.pk,
        "task": {
            "plan": task.plan.slug,
            "number": task.number,
            "title": task.title,
            "title_en": task.title_en,
            "title_is_official": True,
        },
        "institution": {
            "id": institution.pk,
            "name": institution.name,
            "name_en": institution.name_en,
            "kind": "futures",
        },
        "part": "implement",
        "part_display": "落实",
        "state": "not_started",
        "state_display": "未开始",
        "deadline": world.ours.deadline.isoformat(),
        "deadline_is_official": False,
        "is_overdue": False,
        "submitted_at": None,
        "returned_at": None,
        "accepted_at": None,
        "latest_submission": None,
    }


def test_only_the_latest_submission_and_no_draft(api, world):
    assignment = world.ours
    requirement = assignment.task.requirements.get()
    StatementFactory(assignment=assignment, requirement=requirement, text="尚未签署的说明")
    first = SubmissionFactory(assignment=assignment)
    assignment.statements.update(text="后来的说明")
    latest = SubmissionFactory(assignment=assignment)
    for role in (Role.CONTRIBUTOR, Role.SUPERVISOR):
        api.force_login(world.people[role])
        response = api.get(f"/api/v1/assignments/{assignment.pk}/")
        signed = response.json()["latest_submission"]
        assert (signed["number"], signed["sha256"], signed["sm3"]) == (2, latest.sha256, latest.sm3)
        assert set(signed) == {"number", "signed_at", "sha256", "sm3"}
        assert first.sha256 not in response.text
        assert "说明" not in response.text


def test_a_plan_comes_with_all_it_holds(api, world, contributor):
    plan = world.ours.task.plan
    response = api.get(f"/api/v1/plans/{plan.slug}/")
    (theme,) = response.json()["themes"]
    (task,) = theme["tasks"]
    assert (task["number"], task["schedules"][0]["is_official"]) == (world.ours.task.number, False)
    assert task["requirements"][0]["reference"] == f"{task['number']}.1"
    assert "themes" not in api.get("/api/v1/plans/").json()["results"][0]


def test_an_institution(api, world, contributor):
    row = api.get(f"/api/v1/institutions/{world.ours.institution_id}/").json()
    assert (row["kind"], row["kind_display"]) == ("futures", "期货公司")
    assert row["region"] == {"code": "shanghai", "name": "上海", "name_en": "Shanghai"}
    assert row["credit_code"] == world.ours.institution.credit_code


# --- Filters and pages ------------------------------------------------------------------------------------


@pytest.fixture
def several(world):
    """Of our institution: one overdue, one accepted late, one submitted, and the one of the world."""
    ours = {"institution": world.ours.institution}
    past = timezone.localdate() - datetime.timedelta(days=3)
    return {
        "open": world.ours,
        "overdue": AssignmentFactory(deadline=past, **ours),
        "accepted": AssignmentFactory(deadline=past, state=AssignmentState.ACCEPTED, **ours),
        "submitted": AssignmentFactory(state=AssignmentState.SUBMITTED, **ours),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"overdue": "true"}, ["overdue"]),
        ({"overdue": "false"}, ["open", "accepted", "submitted"]),
        ({"state": "accepted"}, ["accepted"]),
        ({"state": ["accepted", "submitted"]}, ["accepted", "submitted"]),
        ({"deadline_before": timezone.localdate().isoformat()}, ["overdue", "accepted"]),
        ({"deadline_after": timezone.localdate().isoformat()}, ["open", "submitted"]),
        ({"plan": "no-such-plan"}, []),
        ({"task": 99999999999999999999}, []),
        ({"institution": 0}, []),
    ],
)
def test_filters(api, contributor, several, query, expected):
    assert ids(api.get("/api/v1/assignments/", query)) == [several[name].pk for name in expected]


def test_filters_by_task_and_plan(api, world, contributor, several):
    task = several["overdue"].task
    query = {"task": task.number, "plan": task.plan.slug, "institution": world.ours.institution_id}
    assert ids(api.get("/api/v1/assignments/", query)) == [several["overdue"].pk]


def test_institutions_by_kind_and_region(api, world):
    api.force_login(world.people[Role.OBSERVER])
    other = InstitutionFactory(region=RegionFactory())
    assert ids(api.get("/api/v1/institutions/", {"kind": "securities"})) == [other.pk]
    assert len(ids(api.get("/api/v1/institutions/", {"region": "shanghai"}))) == 2
    assert ids(api.get("/api/v1/institutions/", {"region": "shenzhen"})) == []


def test_pages_by_cursor(api, world, contributor, several):
    response = api.get("/api/v1/assignments/", {"page_size": 3})
    first, rest = ids(response), ids(api.get(response.json()["next"]))
    assert (len(first), len(rest)) == (3, 1)
    assert sorted(first + rest) == sorted(row.pk for row in several.values())


# --- Queries ----------------------------------------------------------------------------------------------


def test_lists_cost_the_same_with_one_row_and_with_three(api, world, contributor, django_assert_num_queries):
    for path in ("/api/v1/assignments/", "/api/v1/institutions/", "/api/v1/plans/"):
        api.get(path)
    SubmissionFactory(assignment=world.ours)
    # Session, person, throttle's cache apart: rows, and their latest submissions.
    with django_assert_num_queries(5) as assignments:
        api.get("/api/v1/assignments/")
    with django_assert_num_queries(4) as institutions:
        api.get("/api/v1/institutions/")
    with django_assert_num_queries(4) as plans:
        api.get("/api/v1/plans/")
    for _ in range(2):
        SubmissionFactory(assignment=AssignmentFactory(institution=world.ours.institution))
        PlanFactory()
        add_member(user=contributor, body=InstitutionFactory(), role=Role.CONTRIBUTOR, by=None)
    assert len(contributor.active_memberships) == 3
    with django_assert_num_queries(len(assignments)):
        assert len(ids(api.get("/api/v1/assignments/"))) == 3
    with django_assert_num_queries(len(institutions)):
        assert len(ids(api.get("/api/v1/institutions/"))) == 3
    with django_assert_num_queries(len(plans)):
        assert len(api.get("/api/v1/plans/").json()["results"]) >= 3


def test_a_plan_costs_the_same_with_one_task_and_with_three(api, world, contributor, django_assert_num_queries):
    theme = world.ours.task.theme
    url = f"/api/v1/plans/{theme.plan.slug}/"
    api.get(url)
    with django_assert_num_queries(8) as first:
        api.get(url)
    for _ in range(2):
        RequirementFactory(task=TaskFactory(theme=theme))
    with django_assert_num_queries(len(first)):
        assert len(api.get(url).json()["themes"][0]["tasks"]) == 3


def test_digests_are_those_of_the_content(api, world, contributor):
    submission = SubmissionFactory(assignment=world.ours)
    signed = api.get(f"/api/v1/assignments/{world.ours.pk}/").json()["latest_submission"]
    assert signed["sha256"] == digests(canonical_json(submission.content)).sha256
