"""Rectifications in any state, with the steps that led there."""

import datetime

import factory
from django.utils import timezone

from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification, RectificationStep
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory

S = RectificationState
STAMPS = {S.OPEN: [], S.UNVERIFIED: ["answered_at"], S.CLOSED: ["answered_at", "closed_at"]}
STEPS = {
    S.OPEN: [StepKind.OPENED],
    S.UNVERIFIED: [StepKind.OPENED, StepKind.ANSWERED],
    S.CLOSED: [StepKind.OPENED, StepKind.ANSWERED, StepKind.CLOSED],
}


class RectificationFactory(factory.django.DjangoModelFactory):
    """`state=` sets the times and the steps that the state needs."""

    class Meta:
        model = Rectification

    institution = factory.SubFactory(InstitutionFactory)
    authority = factory.SubFactory(AuthorityFactory)
    title = factory.Sequence(lambda n: f"补齐第{n}项记录")
    deadline = factory.LazyFunction(lambda: timezone.localdate() + datetime.timedelta(days=30))
    opened_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, **fields):
        state = S(fields.get("state", S.OPEN))
        for stamp in STAMPS[state]:
            fields.setdefault(stamp, timezone.now())
        rectification = super()._create(model_class, *args, **fields)
        for kind in STEPS[state]:
            RectificationStep.objects.create(
                rectification=rectification,
                kind=kind,
                text="请补齐。",
                deadline=rectification.deadline,
                by=rectification.opened_by,
            )
        return rectification


def last_step(rectification: Rectification) -> int:
    """What a page that was just opened has seen."""
    return rectification.steps.order_by("pk").last().pk
