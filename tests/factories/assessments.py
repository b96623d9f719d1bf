"""Cycles and self-assessments in any state."""

import datetime

import factory
from django.utils import timezone

from assessments.enums import CycleKind, SelfAssessmentState, Verdict
from assessments.models import Answer, Cycle, Review, Score, SelfAssessment
from portal.audit.canonical import canonical_json, digests
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory
from tests.factories.plan import PlanFactory

S = SelfAssessmentState


class CycleFactory(factory.django.DjangoModelFactory):
    """A half-year round that is open now."""

    class Meta:
        model = Cycle

    plan = factory.SubFactory(PlanFactory)
    title = "上半年自评"
    title_en = "First half-year"
    kind = CycleKind.HALF_YEAR
    period_starts_on = factory.Sequence(lambda n: datetime.date(2020, 1, 1) + datetime.timedelta(days=n))
    period_ends_on = factory.LazyAttribute(lambda o: o.period_starts_on + datetime.timedelta(days=180))
    opens_on = factory.LazyFunction(lambda: timezone.localdate() - datetime.timedelta(days=10))
    due_on = factory.LazyFunction(lambda: timezone.localdate() + datetime.timedelta(days=20))


class SelfAssessmentFactory(factory.django.DjangoModelFactory):
    """`state=` sets the times, the signer and the frozen content that the state needs."""

    class Meta:
        model = SelfAssessment

    cycle = factory.SubFactory(CycleFactory)
    institution = factory.SubFactory(InstitutionFactory)

    @classmethod
    def _create(cls, model_class, *args, **fields):
        state = S(fields.get("state", S.DRAFT))
        now = timezone.now()
        if state != S.DRAFT:
            fields.setdefault("handed_in_at", now)
        if state in (S.SUBMITTED, S.ACCEPTED, S.RETURNED, S.WITHDRAWN):
            content = fields.setdefault("content", {"tasks": []})
            digest = digests(canonical_json(content))
            signer = fields.pop("signed_by", None) or UserFactory()
            fields |= {"signed_by": signer, "sha256": digest.sha256, "sm3": digest.sm3}
            fields.setdefault("signed_at", now)
        if state in (S.ACCEPTED, S.RETURNED):
            fields.setdefault("reviewed_at", now)
        if state == S.WITHDRAWN:
            fields.setdefault("withdrawn_at", now)
        return super()._create(model_class, *args, **fields)


class AnswerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Answer

    self_assessment = factory.SubFactory(SelfAssessmentFactory)
    justification = "制度已发布并执行。"


class ReviewFactory(factory.django.DjangoModelFactory):
    """A verdict on `submission=` or `self_assessment=`."""

    class Meta:
        model = Review

    authority = factory.SubFactory(AuthorityFactory)
    reviewer = factory.SubFactory(UserFactory)
    verdict = Verdict.ACCEPTED


def scored(institution, cycle, whole, themes=None, state=S.ACCEPTED, **fields) -> SelfAssessment:
    """A signed version whose scores are given: as a whole, and by theme."""
    row = SelfAssessmentFactory(institution=institution, cycle=cycle, state=state, **fields)
    Score.objects.create(self_assessment=row, value=whole)
    for theme, value in (themes or {}).items():
        Score.objects.create(self_assessment=row, theme=theme, value=value)
    return row
