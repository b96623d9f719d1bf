"""The schema says what the API does: every answer to a generated request fits it."""

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings

from portal.wsgi import application

pytestmark = pytest.mark.django_db
PATHS = [
    f"/api/v1/{path}"
    for path in (
        "assignments/",
        "assignments/{id}/",
        "institutions/",
        "institutions/{id}/",
        "plans/",
        "plans/{slug}/",
    )
]


def test_the_schema_is_made_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_the_schema_is_open_to_everybody(client):
    response = client.get("/api/schema/", {"format": "json"})
    assert set(response.json()["paths"]) == set(PATHS)


@pytest.fixture
def api_schema(world):
    """The application keeps the test's connection, as under Django's own test client."""
    signals = [request_started, request_finished]
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_fits_the_schema(api_schema, key, path):
    @given(case=api_schema[path]["GET"].as_strategy())
    @settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers(case):
        # Asked plainly: the WSGI client says that it takes gzip, and then does not unpack it.
        case.call_and_validate(headers={"Authorization": f"Token {key}", "Accept-Encoding": "identity"})

    answers()
