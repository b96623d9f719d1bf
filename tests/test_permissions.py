"""Every URL with an object, tried as every role: one's own, and somebody else's."""

import pytest
from django.urls import reverse

from assessments.enums import SelfAssessmentState
from portal.accounts import actions
from portal.accounts.enums import InstitutionKind, Role
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from reports.enums import ReportKind
from reports.models import Report
from tasks.enums import AssignmentState, RequestKind
from tasks.models import ChangeRequest
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory, fill_in
from tests.test_urls import URLS, rule_of
from vault.models import LegalHold

pytestmark = pytest.mark.django_db

INSIDE = {"liaison": Role.LIAISON, "contributor": Role.CONTRIBUTOR, "cio": Role.CIO}
ABOVE = {"supervisor": Role.SUPERVISOR, "lead": Role.LEAD_SUPERVISOR, "observer": Role.OBSERVER}
FILLS = {"liaison", "contributor"}
OWN = set(INSIDE)
REVIEWS = {"supervisor", "lead"}
SUPERVISES = set(ABOVE)
PEOPLE = ["liaison", "contributor", "cio", "supervisor", "lead", "observer", "nobody"]

# Who gets 200 from a GET of the page of an object in their own body or scope. Others get 403 or 404.
DRAFT = {
    "tasks:detail": OWN | SUPERVISES,
    "tasks:files": OWN,
    "tasks:evidence_replace": FILLS,
    "tasks:hand_in": FILLS,
    "tasks:reuse": FILLS,
    "tasks:exempt": REVIEWS,
    "tasks:hold_place": {"lead"},
    "tasks:hold_release": {"lead"},
    "tasks:evidence": OWN,
    "tasks:evidence_file": OWN,
    "vault:file": OWN,
    "assessments:detail": OWN,
    "assessments:task": FILLS,
    "assessments:hand_in": FILLS,
    "assessments:delegations": {"liaison"},
    "profile:institution": SUPERVISES | {"cio", "liaison"},  # no people are shown to a contributor elsewhere
    "api:institution-detail": OWN | SUPERVISES,
    "api:assignment-detail": OWN | SUPERVISES,
}
SIGNED = {
    "tasks:detail": OWN | SUPERVISES,
    "tasks:evidence": OWN | SUPERVISES,
    "tasks:evidence_file": OWN | SUPERVISES,
    "assessments:detail": OWN | SUPERVISES,  # a supervisor is led on to the review
    "assessments:review_submission": SUPERVISES,
    "assessments:review_self_assessment": SUPERVISES,
    "assessments:compare_submission": OWN | SUPERVISES,  # a first version leads back to where it stands
    "assessments:compare_self_assessment": OWN | SUPERVISES,
    "reports:detail": OWN,
    "reports:progress": OWN,
    "reports:task_package": {"cio", "supervisor", "lead"},
    "reports:assessment": {"cio", "supervisor", "lead"},
    "assessments:withdraw": {"cio"},
    "assessments:withdraw_submission": {"cio"},
}
# A rectification is read by the institution and by whoever supervises it; what each may do there is in
# tests/assessments/test_rectifications.py.
DRAFT["assessments:rectification"] = SIGNED["assessments:rectification"] = OWN | SUPERVISES
DRAFT |= {
    "tasks:request_extension": OWN,
    "tasks:request_not_applicable": OWN,
    "tasks:request": OWN | SUPERVISES,
}
REVIEW_WRITES = ["save_review_draft", "confirm_review", "decline_review", "recall_review"]
WAITING = {"tasks:sign": {"cio"}, "assessments:sign": {"cio"}}

DRAFT |= {"tasks:reminders": OWN | SUPERVISES, "assessments:reminders": OWN}
SIGNED |= {"tasks:reminders": OWN | SUPERVISES, "assessments:reminders": OWN | SUPERVISES}
DRAFT["assessments:rectification_reminders"] = SIGNED["assessments:rectification_reminders"] = OWN | SUPERVISES

# Scores: a draft's is the institution's own, a signed one's also its supervisors'.
DRAFT |= {"assessments:score": OWN}
SIGNED |= {"assessments:score": OWN | SUPERVISES}


class World:
    """An institution with work in one state, and its objects by URL name."""

    def __init__(self, state: str) -> None:
        self.institution = InstitutionFactory()
        task = TaskFactory()
        requirement = RequirementFactory(task=task)
        doing, judging = {
            "draft": (AssignmentState.IN_PROGRESS, SelfAssessmentState.DRAFT),
            "waiting": (AssignmentState.AWAITING_SIGNATURE, SelfAssessmentState.AWAITING_SIGNATURE),
            "signed": (AssignmentState.SUBMITTED, SelfAssessmentState.SUBMITTED),
        }[state]
        assignment = fill_in(AssignmentFactory(task=task, institution=self.institution, state=doing))
        cycle = CycleFactory(plan=task.plan)
        self_assessment = SelfAssessmentFactory(cycle=cycle, institution=self.institution, state=judging)
        submission = SubmissionFactory(assignment=assignment) if state == "signed" else None
        report = Report.objects.create(
            kind=ReportKind.STATUS,
            plan=task.plan,
            institution=self.institution,
            requested_by=member(self.institution, Role.CIO),
        )
        self.arguments = {
            "tasks:evidence": [assignment.evidence.first().pk],
            "tasks:evidence_file": [assignment.evidence.first().pk],
            "tasks:reuse": [assignment.pk, requirement.pk],
            "vault:file": [assignment.evidence.first().stored_id],
            "assessments:task": [self_assessment.pk, task.number],
            "assessments:review_submission": [submission.pk if submission else 0],
            "assessments:compare_submission": [submission.pk if submission else 0],
            "profile:institution": [self.institution.pk],
            "api:institution-detail": [self.institution.pk],
            "api:assignment-detail": [assignment.pk],
        }
        hold = LegalHold.objects.create(institution=self.institution, reason="立案调查", placed_by=UserFactory())
        self.arguments |= {"tasks:hold_place": [self.institution.pk], "tasks:hold_release": [hold.pk]}
        self.arguments |= {f"tasks:{name}": [assignment.pk] for name in ("detail", "hand_in", "sign", "exempt")}
        self.arguments["tasks:files"] = [assignment.pk, requirement.pk]
        self.arguments["tasks:evidence_replace"] = self.arguments["tasks:evidence_file"]
        self.arguments |= {
            f"assessments:{name}": [self_assessment.pk]
            for name in ("detail", "hand_in", "sign", "review_self_assessment", "compare_self_assessment")
        }
        rectification = RectificationFactory(institution=self.institution)
        self.arguments["assessments:rectification"] = [rectification.pk]
        self.arguments["assessments:rectification_reminders"] = [rectification.pk]
        self.arguments["tasks:reminders"] = [assignment.pk]
        self.arguments["assessments:reminders"] = [self_assessment.pk]
        self.arguments["assessments:score"] = [self_assessment.pk]
        self.arguments["assessments:delegations"] = self.arguments["assessments:presence"] = [self_assessment.pk]
        self.arguments["assessments:save_answer"] = [self_assessment.pk, requirement.pk]
        self.arguments["reports:task_package"] = [assignment.pk]
        self.arguments["reports:assessment"] = [self_assessment.pk]
        self.arguments |= {f"reports:{name}": [report.pk] for name in ("detail", "progress")}
        request = ChangeRequest.objects.create(
            assignment=assignment,
            kind=RequestKind.NOT_APPLICABLE,
            reason="未开展相关业务。",
            old_deadline=assignment.deadline,
            requested_by=report.requested_by,
        )
        self.arguments |= {
            "tasks:request": [request.pk],
            "tasks:request_extension": [assignment.pk],
            "tasks:request_not_applicable": [assignment.pk],
        }
        self.arguments["assessments:withdraw"] = [self_assessment.pk]
        self.arguments["assessments:withdraw_submission"] = [assignment.pk]
        self.requirement = requirement

    def url(self, name: str) -> str:
        return reverse(name, args=self.arguments[name])


def person(who: str, institution, authority):
    if who in INSIDE:
        return member(institution, INSIDE[who])
    return member(authority, ABOVE[who])


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(("state", "allowed"), [("draft", DRAFT), ("waiting", WAITING), ("signed", SIGNED)])
def test_pages_of_ones_own_objects(client, who, state, allowed):
    world = World(state)
    if who == "nobody":
        user = member(InstitutionFactory(), Role.CIO)
        user.memberships.update(is_active=False)
        user.groups.clear()
    else:
        user = person(who, world.institution, AuthorityFactory())
    client.force_login(user)
    for name, people in allowed.items():
        status = client.get(world.url(name), follow=True).status_code
        if who in people:
            assert status == 200, f"{who} {name}: {status}"
        else:
            assert status in (403, 404), f"{who} {name}: {status}"


@pytest.mark.parametrize("who", [*INSIDE, *ABOVE])
@pytest.mark.parametrize(("state", "names"), [("draft", DRAFT), ("waiting", WAITING), ("signed", SIGNED)])
def test_other_bodies_objects_are_not_there(client, who, state, names):
    """Another institution's, or one outside the authority's scope: 404, or 403 where the role has no such page."""
    world = World(state)
    elsewhere = InstitutionFactory(kind=InstitutionKind.FUTURES)
    client.force_login(person(who, elsewhere, AuthorityFactory(kinds=[InstitutionKind.FUTURES])))
    for name, people in names.items():
        status = client.get(world.url(name)).status_code
        assert status == 404 or (status == 403 and who not in people), f"{who} {name}: {status}"


def test_writing_to_other_bodies_objects_is_404(client):
    """Every URL that takes a POST for an object, as the role that may do it at home."""
    world, waiting, signed = World("draft"), World("waiting"), World("signed")
    home = InstitutionFactory(kind=InstitutionKind.FUTURES)
    office = AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    tries = {
        Role.CONTRIBUTOR: [
            world.url("tasks:detail"),
            world.url("tasks:hand_in"),
            reverse("tasks:evidence_upload", args=[*world.arguments["tasks:detail"], world.requirement.pk]),
            world.url("tasks:evidence_replace"),
            reverse("tasks:evidence_withdraw", args=world.arguments["tasks:evidence_file"]),
            world.url("tasks:reuse"),
            world.url("vault:file"),
            world.url("assessments:task"),
            world.url("assessments:hand_in"),
            world.url("assessments:save_answer"),
            world.url("assessments:presence"),
        ],
        Role.LIAISON: [world.url("assessments:delegations")],
        Role.CIO: [
            waiting.url("tasks:sign"),
            reverse("tasks:send_back", args=waiting.arguments["tasks:sign"]),
            waiting.url("assessments:sign"),
            reverse("assessments:send_back", args=waiting.arguments["assessments:sign"]),
            reverse("reports:retry", args=waiting.arguments["reports:detail"]),
            reverse("reports:cancel", args=waiting.arguments["reports:detail"]),
            signed.url("assessments:withdraw"),
            signed.url("assessments:withdraw_submission"),
        ],
        Role.SUPERVISOR: [
            signed.url("assessments:review_submission"),
            signed.url("assessments:review_self_assessment"),
            world.url("tasks:exempt"),
        ],
        Role.LEAD_SUPERVISOR: [world.url("tasks:hold_place"), world.url("tasks:hold_release")],
    }
    tries[Role.CONTRIBUTOR].append(world.url("assessments:rectification"))
    tries[Role.SUPERVISOR].append(world.url("assessments:rectification"))
    request = world.arguments["tasks:request"]
    tries[Role.CIO] += [
        world.url("tasks:request_extension"),
        world.url("tasks:request_not_applicable"),
        reverse("tasks:request_withdraw", args=request),
    ]
    tries[Role.LEAD_SUPERVISOR] += [
        reverse("tasks:request_grant", args=request),
        reverse("tasks:request_decline", args=request),
        *(
            reverse(f"assessments:{name}", args=[kind, *signed.arguments[f"assessments:{page}"]])
            for name in REVIEW_WRITES
            for kind, page in (("submissions", "review_submission"), ("self-assessments", "review_self_assessment"))
        ),
    ]
    for role, urls in tries.items():
        client.force_login(member(office if role in ABOVE.values() else home, role))
        for url in urls:
            assert client.post(url, {"reason": "理由", "seen_sha256": "x"}).status_code == 404, url


def test_personal_things_are_ones_own(client):
    institution = InstitutionFactory()
    reader, other = member(institution, Role.CIO), member(institution, Role.CIO)
    notice = Notice.objects.create(recipient=other, kind=NoticeKind.REMINDER, key="x", path="/")
    client.force_login(reader)
    assert client.post(reverse("notices:open", args=[notice.pk])).status_code == 404
    assert client.post(reverse("accounts:act_for", args=[membership_of(other).pk])).status_code == 404


def test_a_role_does_not_reach_into_another_authoritys_scope(client):
    """An observer here who reviews there may not review here."""
    world = World("signed")
    here, there = AuthorityFactory(), AuthorityFactory(kinds=[InstitutionKind.FUTURES])
    user = member(here, Role.OBSERVER)
    actions.add_member(user=user, body=there, role=Role.SUPERVISOR, by=None)
    for membership in user.memberships.all():
        client.force_login(user)
        client.post(reverse("accounts:act_for", args=[membership.pk]))
        answer = client.post(world.url("assessments:review_submission"), {"verdict": "accepted"})
        assert answer.status_code in (403, 404)
    world.institution.assignments.get(state=AssignmentState.SUBMITTED)


def test_every_page_of_an_object_is_in_this_file():
    """A new URL with an object has to say who may open it, here or in its app's tests of permissions."""
    elsewhere = {  # reading needs no more than signing in, or a test of its own stands in the app
        "plan", "language", "account", "accounts", "people", "invitations", "act-for", "inbox", "api",
    }  # fmt: skip
    tried = {*DRAFT, *SIGNED, *WAITING}
    written = {
        *(f"tasks:{name}" for name in ("uploads", "upload", "evidence_upload", "evidence_withdraw", "send_back")),
        "assessments:send_back",
        *(f"tasks:{name}" for name in ("request_withdraw", "request_grant", "request_decline")),
        *(f"assessments:{name}" for name in REVIEW_WRITES),
        *(f"assessments:{name}" for name in ("save_answer", "presence")),
    }
    in_its_app = {
        "reports:file",
        "reports:workbook",
        "reports:retry",
        "reports:cancel",
        "assessments:evidence",
        "tasks:urging",
    }
    pages = ("", "_edit", "_preview", "_draft", "_template", "_approve", "_discard")
    in_its_app |= {
        "reports:schedule_stop",
        "reports:template_delete",
        *(f"reports:composition{page}" for page in pages),
    }
    in_its_app |= {"tasks:extension", "tasks:extension_progress", "tasks:extension_undo"}
    for path, pattern in URLS:
        app = path.split("/")[0]
        if "<" not in path or app in elsewhere or rule_of(pattern) == "public":
            continue
        namespace = {"institutions": "profile", "files": "vault"}.get(app, app)
        assert f"{namespace}:{pattern.name}" in tried | written | in_its_app, path
