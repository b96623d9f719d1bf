"""Who is told when somebody cannot be told."""

import pytest
from django.utils.translation import override

from portal.accounts.enums import Role
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.models import Delivery, Notice
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.notices import DeliveryFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db
FAILED = NoticeKind.DELIVERY_FAILED


@pytest.fixture
def institution():
    return InstitutionFactory()


def refuse(sink, person, institution=None, **values) -> Delivery:
    sink.answers[person.email] = "550 no such person"
    return DeliveryFactory(notice__recipient=person, notice__institution=institution, **values)


def told() -> list[str]:
    return sorted(Notice.objects.filter(kind=FAILED).values_list("recipient__email", flat=True))


def test_the_liaisons_are_told_once_a_day(sink, institution):
    liaisons = [member(institution, Role.LIAISON) for _ in range(2)]
    member(institution, Role.CIO)
    member(InstitutionFactory(), Role.LIAISON)
    person = member(institution, Role.CONTRIBUTOR)
    for _ in range(2):
        refuse(sink, person, institution)
        deliver_mail()
    assert told() == sorted(liaison.email for liaison in liaisons)
    notice = Notice.objects.filter(kind=FAILED).first()
    assert person.name in notice.body
    assert notice.path == "/people/"
    with override("en"):
        assert person.name in notice.body


def test_liaisons_hear_it_of_each_other_and_nobody_of_themselves(sink, institution):
    one, other = member(institution, Role.LIAISON), member(institution, Role.LIAISON)
    refuse(sink, one, institution)
    deliver_mail()
    assert told() == [other.email]


def test_it_never_goes_round(sink, institution):
    one, other = member(institution, Role.LIAISON), member(institution, Role.LIAISON)
    refuse(sink, other)
    refuse(sink, one, institution)
    for _ in range(4):
        deliver_mail()
    assert set(told()) == {one.email, other.email}
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.PARKED}


def test_of_a_supervisor_no_institution_hears(sink, institution):
    member(institution, Role.LIAISON)
    refuse(sink, member(AuthorityFactory(), Role.SUPERVISOR), institution)
    deliver_mail()
    assert told() == []
