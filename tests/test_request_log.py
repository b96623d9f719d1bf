"""What is written of each request, and what is not."""

import logging

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
TOKEN = "Rz4vEvUZ4CrUHPi2WmzPJ6aNtN_r_HT47Qi4yLfovd4"


@pytest.mark.parametrize("name", ["calendar:feed", "accounts:invitation"])
def test_links_that_open_without_an_account_are_not_logged(client, caplog, name):
    with caplog.at_level(logging.INFO, logger="django_structlog"):
        client.get(reverse(name, args=[TOKEN]), {"q": "1"})
    said = str([(record.msg, record.args) for record in caplog.records if record.name.startswith("django_structlog")])
    assert TOKEN not in said
    assert "…" in said


def test_other_addresses_are_logged_as_they_are(client, caplog):
    with caplog.at_level(logging.INFO, logger="django_structlog"):
        client.get(reverse("calendar:month"), {"month": "2026-11"})
    assert "GET /calendar/?month=2026-11" in str([record.msg for record in caplog.records])
