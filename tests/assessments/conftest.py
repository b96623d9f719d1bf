import pytest


@pytest.fixture
def world(db):
    from tests.assessments.world import build_world  # a conftest is read before Django is set up

    return build_world()
