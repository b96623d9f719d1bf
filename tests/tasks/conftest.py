"""Imported before Django is set up, so the fixtures import what they use."""

import pytest


@pytest.fixture
def people(db):
    """An institution and its supervising body, with one person in each role."""
    from tests.tasks.world import make_people

    return make_people()


@pytest.fixture
def assignment(people):
    """Not started, with two mandatory requirements."""
    from tests.factories.tasks import AssignmentFactory
    from tests.tasks.world import make_task

    return AssignmentFactory(task=make_task(), institution=people.institution)


@pytest.fixture
def filled(people):
    """In progress and ready to hand in."""
    from tests.factories.tasks import AssignmentFactory, fill_in
    from tests.tasks.world import make_task

    row = AssignmentFactory(task=make_task(), institution=people.institution, state="in_progress")
    return fill_in(row, by=people.contributor)


@pytest.fixture
def browse():
    """A signed-in client for a person."""
    from django.test import Client

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def before(assignment) -> set[str]:
    """What lay in the incoming place before the test."""
    from tests.tasks.incoming import lying

    return lying()
