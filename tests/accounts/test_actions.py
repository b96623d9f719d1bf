import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from portal.accounts import actions
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Institution, Invitation, Membership, User
from portal.audit.models import AuditEvent
from tests.factories.accounts import (
    AuthorityFactory,
    InstitutionFactory,
    RegionFactory,
    UserFactory,
    member,
    membership_of,
)

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-passphrase"


@pytest.fixture
def shenzhen():
    return RegionFactory(code="shenzhen", name="深圳", name_en="Shenzhen")


def test_an_authority_sees_the_institutions_of_its_kinds_and_regions(shenzhen):
    inside = InstitutionFactory(region=shenzhen, kind=InstitutionKind.FUTURES)
    InstitutionFactory(region=shenzhen, kind=InstitutionKind.SECURITIES)
    InstitutionFactory(kind=InstitutionKind.FUTURES)
    authority = AuthorityFactory(regions=[shenzhen], kinds=[InstitutionKind.FUTURES])
    user = member(authority, Role.SUPERVISOR)
    assert list(Institution.objects.visible_to(user)) == [inside]


def test_a_new_institution_falls_into_the_scopes_that_take_it_in(shenzhen):
    authority = AuthorityFactory(regions=[shenzhen])
    user = member(authority, Role.OBSERVER)
    InstitutionFactory()
    inside = InstitutionFactory(region=shenzhen)
    assert list(Institution.objects.visible_to(user)) == [inside]


def test_a_changed_scope_gives_and_takes(shenzhen):
    here, there = InstitutionFactory(), InstitutionFactory(region=shenzhen)
    authority = AuthorityFactory(regions=[shenzhen])
    user = member(authority, Role.SUPERVISOR)
    count = actions.set_scope(authority=authority, kinds=[here.kind], regions=[here.region], by=None)
    assert count == 1
    assert list(Institution.objects.visible_to(user)) == [here]
    assert AuditEvent.objects.about(authority).filter(action="authority.scope_set").exists()
    assert there not in Institution.objects.visible_to(user)


def test_members_see_their_own_institution_only():
    own = InstitutionFactory()
    InstitutionFactory()
    user = member(own, Role.CONTRIBUTOR)
    assert list(Institution.objects.visible_to(user)) == [own]


def test_acting_for_one_body_narrows_what_is_seen():
    first, second = InstitutionFactory(), InstitutionFactory()
    user = member(first, Role.CONTRIBUTOR)
    actions.add_member(user=user, body=second, role=Role.CIO, by=None)
    acting = user.memberships.get(institution=second)
    assert list(Institution.objects.visible_to(user, acting)) == [second]
    assert Institution.objects.visible_to(user).count() == 2


def test_a_removed_member_sees_nothing_and_can_come_back():
    own = InstitutionFactory()
    liaison, user = member(own, Role.LIAISON), member(own, Role.CONTRIBUTOR)
    actions.remove_member(membership=membership_of(user), by=liaison)
    assert not Institution.objects.visible_to(user)
    actions.add_member(user=user, body=own, role=Role.CIO, by=liaison)
    assert list(Institution.objects.visible_to(user)) == [own]
    assert membership_of(user).role == Role.CIO


def test_nobody_removes_themselves():
    liaison = member(InstitutionFactory(), Role.LIAISON)
    with pytest.raises(ValidationError):
        actions.remove_member(membership=membership_of(liaison), by=liaison)


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.CIO])
def test_only_the_liaison_manages_people(role):
    own = InstitutionFactory()
    user, other = member(own, role), member(own, Role.CONTRIBUTOR)
    with pytest.raises(PermissionDenied):
        actions.remove_member(membership=membership_of(other), by=user)
    with pytest.raises(PermissionDenied):
        actions.invite(email="new@test.example", name="新人", body=own, role=Role.CIO, by=user)


def test_a_liaison_does_not_manage_another_institutions_people():
    liaison = member(InstitutionFactory(), Role.LIAISON)
    stranger = member(InstitutionFactory(), Role.CONTRIBUTOR)
    with pytest.raises(PermissionDenied):
        actions.remove_member(membership=membership_of(stranger), by=liaison)


def test_a_role_must_fit_the_body():
    user, own = UserFactory(), InstitutionFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, institution=own, role=Role.SUPERVISOR)


def test_an_invitation_becomes_an_account_once():
    own = InstitutionFactory()
    liaison = member(own, Role.LIAISON)
    invitation, token = actions.invite(email="New@test.example", name="新人", body=own, role=Role.CIO, by=liaison)
    assert invitation.token_digest == actions.token_digest(token) != token
    user = actions.accept_invitation(invitation=invitation, password=PASSWORD)
    assert user.email == "new@test.example"
    assert user.check_password(PASSWORD)
    assert membership_of(user).role == Role.CIO
    with pytest.raises(ValidationError):
        actions.accept_invitation(invitation=invitation, password=PASSWORD)


def test_a_second_invitation_replaces_the_first():
    own = InstitutionFactory()
    liaison = member(own, Role.LIAISON)
    first, _ = actions.invite(email="new@test.example", name="新人", body=own, role=Role.CIO, by=liaison)
    second, _ = actions.invite(email="new@test.example", name="新人", body=own, role=Role.CIO, by=liaison)
    assert list(Invitation.objects.open()) == [second]
    assert first.pk != second.pk


def test_a_weak_password_creates_nobody():
    own = InstitutionFactory()
    liaison = member(own, Role.LIAISON)
    invitation, _ = actions.invite(email="new@test.example", name="新人", body=own, role=Role.CIO, by=liaison)
    with pytest.raises(ValidationError):
        actions.accept_invitation(invitation=invitation, password="short")
    assert not User.objects.filter(email="new@test.example").exists()


def test_an_address_is_one_person_in_any_case():
    UserFactory(email="someone@test.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="SomeOne@test.example")
