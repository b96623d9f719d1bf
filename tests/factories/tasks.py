"""Assignments in any state, with what must stand behind it."""

import datetime

import factory
from django.utils import timezone

from plan.enums import Part
from tasks.actions import content_to_sign, digests_to_sign
from tasks.enums import AssignmentState
from tasks.models import Assignment, Evidence, Statement, Submission
from tests.factories.accounts import InstitutionFactory, UserFactory
from tests.factories.plan import TaskFactory
from tests.factories.vault import StoredFileFactory

S = AssignmentState
STAMPS = {
    S.NOT_STARTED: [],
    S.IN_PROGRESS: ["started_at"],
    S.AWAITING_SIGNATURE: ["started_at", "handed_in_at"],
    S.SUBMITTED: ["started_at", "handed_in_at", "submitted_at"],
    S.RETURNED: ["started_at", "handed_in_at", "submitted_at", "returned_at"],
    S.ACCEPTED: ["started_at", "handed_in_at", "submitted_at", "accepted_at"],
    S.NOT_APPLICABLE: ["exempted_at"],
}


class AssignmentFactory(factory.django.DjangoModelFactory):
    """`state=` sets the times that the state needs."""

    class Meta:
        model = Assignment

    task = factory.SubFactory(TaskFactory)
    institution = factory.SubFactory(InstitutionFactory)
    part = Part.IMPLEMENT
    deadline = factory.LazyFunction(lambda: timezone.localdate() + datetime.timedelta(days=30))

    @classmethod
    def _create(cls, model_class, *args, **fields):
        now = timezone.now()
        for step, stamp in enumerate(STAMPS[S(fields.get("state", S.NOT_STARTED))]):
            fields.setdefault(stamp, now + step * datetime.timedelta(microseconds=1))
        if fields.get("state") == S.NOT_APPLICABLE:
            fields.setdefault("exempted_reason", "本机构未开展相关业务。")
        return super()._create(model_class, *args, **fields)


def take_away(assignment: Assignment) -> None:
    """As if the institution had never been given it: rows are never deleted, so another gets it."""
    Assignment.objects.filter(pk=assignment.pk).update(institution=InstitutionFactory())


class StatementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Statement

    assignment = factory.SubFactory(AssignmentFactory)
    text = "已按要求落实。"
    revision = 1
    updated_by = factory.SubFactory(UserFactory)


class EvidenceFactory(factory.django.DjangoModelFactory):
    """A file that passed its checks; `content=` and `content_type=` set its bytes and type, `stored=` all of it."""

    class Meta:
        model = Evidence

    assignment = factory.SubFactory(AssignmentFactory)
    institution = factory.SelfAttribute("assignment.institution")
    original_name = factory.Sequence(lambda n: f"证明材料{n}.txt")
    uploaded_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, content=None, content_type="text/plain", **fields):
        if "stored" not in fields:
            fields["stored"] = StoredFileFactory(
                institution=fields["institution"],
                name=fields["original_name"],
                uploaded_by=fields["uploaded_by"],
                content=content or fields["original_name"].encode(),
                content_type=content_type,
            )
        return model_class.objects.create(**fields)


def fill_in(assignment: Assignment, by=None) -> Assignment:
    """A statement and a file for every requirement: ready to hand in."""
    by = by or UserFactory()
    for requirement in assignment.requirements:
        StatementFactory(assignment=assignment, requirement=requirement, updated_by=by)
        EvidenceFactory(assignment=assignment, requirement=requirement, uploaded_by=by)
    return assignment


class SubmissionFactory(factory.django.DjangoModelFactory):
    """What a CIO signed of the assignment as it stands."""

    class Meta:
        model = Submission

    assignment = factory.SubFactory(AssignmentFactory, state=S.SUBMITTED)
    number = factory.LazyAttribute(lambda o: o.assignment.submissions.count() + 1)
    signed_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, **fields):
        content = content_to_sign(fields["assignment"])
        digest = digests_to_sign(content)
        submission = model_class.objects.create(content=content, sha256=digest.sha256, sm3=digest.sm3, **fields)
        files = fields["assignment"].evidence.current()
        submission.evidence.set(files)
        files.filter(frozen_at=None).update(frozen_at=submission.signed_at)
        return submission
