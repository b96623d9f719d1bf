"""Two people at once, in real transactions: numbers without a gap, and one approval."""

import pytest

from portal.accounts.enums import Role
from portal.accounts.models import User
from reports.composing import actions
from reports.models import Composition, Report
from tests.assessments.test_races import at_once, errors
from tests.factories.accounts import AuthorityFactory, member, membership_of
from tests.factories.reports import composition

pytestmark = pytest.mark.django_db(transaction=True)


def approval(draft, by):
    def approve():
        person = User.objects.get(pk=by.pk)
        return actions.approve_composition(
            composition=Composition.objects.get(pk=draft.pk), revision=1, membership=membership_of(person), by=person
        )

    return approve


def test_two_approve_the_same_and_another_at_once():
    authority = AuthorityFactory()
    one, other = (member(authority, Role.LEAD_SUPERVISOR) for _ in range(2))
    same, another = composition(authority, one), composition(authority, one)
    outcomes = at_once(approval(same, one), approval(same, other), approval(another, other))
    (told,) = errors(outcomes)
    assert isinstance(told, actions.AlreadyDecided)
    same.refresh_from_db()
    assert same.document_number in told.message
    assert set(Composition.objects.values_list("number", flat=True)) == {1, 2}
    assert Report.objects.filter(is_draft=False).count() == 2
