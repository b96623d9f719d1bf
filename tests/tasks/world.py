"""An institution, its supervising body, their people, and tasks for them."""

from types import SimpleNamespace

from portal.accounts.enums import Role
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory, TaskFactory


def make_people() -> SimpleNamespace:
    """One person in each role."""
    authority = AuthorityFactory()
    institution = InstitutionFactory()
    return SimpleNamespace(
        institution=institution,
        authority=authority,
        contributor=member(institution, Role.CONTRIBUTOR),
        liaison=member(institution, Role.LIAISON),
        cio=member(institution, Role.CIO),
        supervisor=member(authority, Role.SUPERVISOR),
        lead=member(authority, Role.LEAD_SUPERVISOR),
        observer=member(authority, Role.OBSERVER),
    )


def make_task(requirements: int = 2):
    task = TaskFactory()
    RequirementFactory.create_batch(requirements, task=task)
    return task
