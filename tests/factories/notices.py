"""Notices as the outbox holds them."""

import factory

from portal.notices.enums import NoticeKind
from portal.notices.models import Delivery, Notice
from tests.factories.accounts import InstitutionFactory, UserFactory


class NoticeFactory(factory.django.DjangoModelFactory):
    """A reminder of a task that is due in a week."""

    class Meta:
        model = Notice

    recipient = factory.SubFactory(UserFactory)
    institution = factory.SubFactory(InstitutionFactory)
    kind = NoticeKind.REMINDER
    key = factory.Sequence(lambda n: f"reminder:{n}:2026-11-22:-7d")
    path = factory.Sequence(lambda n: f"/tasks/{n + 1}/")
    data = factory.Sequence(
        lambda n: {
            "number": n + 1,
            "title": f"示例任务{n + 1}",
            "title_en": f"Example task {n + 1}",
            "deadline": "2026-11-22",
            "is_official": False,
            "days": 7,
        }
    )


class DeliveryFactory(factory.django.DjangoModelFactory):
    """A notice waiting to be mailed; none of a deadline, which would have to be somebody's."""

    class Meta:
        model = Delivery

    notice = factory.SubFactory(
        NoticeFactory, kind=NoticeKind.RETURNED, key=factory.Sequence(lambda n: f"returned:{n}:1")
    )
