"""One word in every kind of text, and how it is searched for."""

from django.urls import reverse
from django.utils import timezone

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Remark, ReviewDraft
from tasks.enums import AssignmentState, RequestKind
from tasks.models import ChangeRequest, UrgedInstitution, Urging
from tests.factories.accounts import UserFactory
from tests.factories.assessments import AnswerFactory, CycleFactory, ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, StatementFactory, SubmissionFactory

TEXTS = {"statements", "justifications", "reviews", "rectifications", "requests", "urgings", "evidence"}
SIGNED, DRAFTED, WHISPERED = "鲸落海底", "雏鹰试飞", "夜半私语"


def search(client, user, text, name="search", **more):
    client.force_login(user)
    response = client.get(reverse(f"shell:{name}"), {"q": text, **more})
    assert response.status_code == 200
    return response.context


def found(client, user, text, **more) -> dict[str, list]:
    """The hits by group."""
    return {part.group.key: part.hits for part in search(client, user, text, **more).get("found", [])}


def titles(hits) -> list[str]:
    return ["".join(hit.title) for hit in hits]


def evidence(assignment, name, **fields):
    requirement = RequirementFactory(task=assignment.task)
    return EvidenceFactory(assignment=assignment, requirement=requirement, original_name=name, **fields)


def signed_content(requirement, justification) -> dict:
    entry = {"reference": requirement.reference, "text": requirement.text, "kind": "evidence", "binding": "mandatory"}
    entry |= {"weight": "1", "unit": "", "evidence": [], "answer": {}, "justification": justification}
    task = {"number": requirement.task.number, "title": requirement.task.title, "theme": 1, "weight": "1"}
    return {"tasks": [task | {"requirements": [entry]}]}


def everything_said(institution, authority) -> None:
    """Each kind of text holds SIGNED; what is not signed or not sent holds DRAFTED, or WHISPERED for a reviewer's."""
    now = timezone.now()
    assignment = AssignmentFactory(institution=institution, state=AssignmentState.IN_PROGRESS)
    requirement = RequirementFactory(task=assignment.task)
    statement = StatementFactory(assignment=assignment, requirement=requirement, text=f"已完成{SIGNED}。")
    submission = SubmissionFactory(assignment=assignment)
    statement.text = f"已完成{SIGNED}，另有{DRAFTED}。"
    statement.save()
    evidence(assignment, f"{SIGNED}.txt", frozen_at=now)
    evidence(assignment, f"{DRAFTED}.txt")
    cycle = CycleFactory(plan=assignment.task.plan)
    content = signed_content(requirement, f"见{SIGNED}。")
    signed = SelfAssessmentFactory(
        cycle=cycle, institution=institution, state=SelfAssessmentState.RETURNED, content=content
    )
    draft = SelfAssessmentFactory(cycle=cycle, institution=institution, version=2)
    AnswerFactory(self_assessment=draft, requirement=requirement, justification=DRAFTED)
    review = ReviewFactory(submission=submission, authority=authority, comment=f"关于{SIGNED}的意见")
    Remark.objects.create(review=review, requirement=requirement, text=f"请说明{SIGNED}")
    ReviewFactory(self_assessment=signed, authority=authority, verdict=Verdict.RETURNED, comment=SIGNED)
    ReviewDraft.objects.create(
        submission=submission, authority=authority, reviewer=UserFactory(), comment=WHISPERED,
        remarks={requirement.pk: {"verdict": "returned", "text": WHISPERED}},
    )  # fmt: skip
    RectificationFactory(institution=institution, authority=authority, title=SIGNED)
    ChangeRequest.objects.create(
        assignment=assignment, kind=RequestKind.NOT_APPLICABLE, reason=f"没有{SIGNED}", old_deadline=now.date(),
        requested_by=UserFactory(),
    )  # fmt: skip
    urging = Urging.objects.create(
        authority=authority, by=UserFactory(), subject="催办", text=f"请办理{SIGNED}", roles=[], assignments=1,
        institutions=1, people=1,
    )  # fmt: skip
    UrgedInstitution.objects.create(
        urging=urging, institution=institution, assignments=[assignment.pk], people=1,
        facts={"text": f"请贵单位办理{SIGNED}"},
    )  # fmt: skip
