"""People and bodies for tests, made through the same actions as in life, so that scopes are real."""

from importlib import import_module

import factory

from portal.accounts import actions
from portal.accounts.credit_code import check_character
from portal.accounts.enums import AuthorityKind, InstitutionKind, Role
from portal.accounts.models import Authority, Institution, Membership, Region, User


def credit_code(number: int) -> str:
    first_17 = f"91310000{number:09d}"
    return first_17 + check_character(first_17)


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "shanghai"
    name = "上海"
    name_en = "Shanghai"


def every_region() -> None:
    """The regions as a migration made them; a test with real transactions empties the table behind it."""
    regions = import_module("portal.accounts.migrations.0002_regions").REGIONS
    rows = [Region(code=code, name=name, name_en=name_en) for code, name, name_en in regions]
    Region.objects.bulk_create(rows, ignore_conflicts=True)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@test.example")
    name = factory.Sequence(lambda n: f"人员{n}")


class InstitutionFactory(factory.django.DjangoModelFactory):
    """An institution in the scope of every authority that already stands."""

    class Meta:
        model = Institution

    name = factory.Sequence(lambda n: f"示例证券第{n}有限公司")
    name_en = factory.Sequence(lambda n: f"Example Securities {n}")
    kind = InstitutionKind.SECURITIES
    region = factory.SubFactory(RegionFactory)
    credit_code = factory.Sequence(credit_code)

    @classmethod
    def _create(cls, model_class, *args, **fields):
        return actions.create_institution(by=None, **fields)


class AuthorityFactory(factory.django.DjangoModelFactory):
    """Supervises everything, or the `kinds` and `regions` given."""

    class Meta:
        model = Authority

    name = factory.Sequence(lambda n: f"示例监管局{n}")
    name_en = factory.Sequence(lambda n: f"Example Office {n}")
    kind = AuthorityKind.HEADQUARTERS

    @classmethod
    def _create(cls, model_class, *args, kinds=tuple(InstitutionKind.values), regions=None, **fields):
        authority = actions.create_authority(by=None, **fields)
        actions.set_scope(authority=authority, kinds=kinds, regions=regions or [], all_regions=regions is None, by=None)
        return authority


def member(body: Institution | Authority, role: Role, **fields) -> User:
    """A new person with that role in the body."""
    user = UserFactory(**fields)
    actions.add_member(user=user, body=body, role=role, by=None)
    return user


PASSWORD = "tests-2026-portal"


def with_password(user: User) -> User:
    """The person with PASSWORD, for pages that ask for it again. To be given before signing in."""
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def membership_of(user: User) -> Membership:
    return user.memberships.get()
