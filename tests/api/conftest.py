"""A small world of two firms. Imports wait for Django, which is not set up when this file alone is loaded."""

from typing import NamedTuple

import pytest


class World(NamedTuple):
    """Two firms in two regions, each with an assignment of the same task, and one person in each role near ours."""

    ours: object
    theirs: object
    people: dict


@pytest.fixture
def api():
    from rest_framework.test import APIClient

    return APIClient()


@pytest.fixture
def world(db) -> World:
    from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, InstitutionKind
    from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, UserFactory, member
    from tests.factories.plan import RequirementFactory, TaskFactory
    from tests.factories.tasks import AssignmentFactory

    task = TaskFactory()
    RequirementFactory(task=task)
    far = RegionFactory(code="shenzhen", name="深圳", name_en="Shenzhen")
    ours, theirs = InstitutionFactory(kind=InstitutionKind.FUTURES), InstitutionFactory(region=far)
    office = AuthorityFactory(regions=[ours.region])
    people = {role: member(ours, role) for role in INSTITUTION_ROLES}
    people |= {role: member(office, role) for role in AUTHORITY_ROLES}
    people["nobody"] = UserFactory()
    return World(
        AssignmentFactory(task=task, institution=ours), AssignmentFactory(task=task, institution=theirs), people
    )


@pytest.fixture
def key(world) -> str:
    """The contributor's."""
    from portal.accounts.enums import Role
    from portal.accounts.tokens import create_token

    return create_token(name="夜间汇总", days=30, by=world.people[Role.CONTRIBUTOR]).key
