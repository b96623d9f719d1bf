"""What a page of the explorer shows, for its tests."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

SUBJECTS = ["assignments", "institutions", "requirements", "evidence", "rectifications"]


def page_of(subject: str) -> str:
    return reverse(f"explorer:{subject}")


def rows_of(response) -> list:
    assert response.status_code == 200
    return [line.row.pk for line in response.context["lines"]]


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
