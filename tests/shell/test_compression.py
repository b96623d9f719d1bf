"""Pages travel compressed, files as they are."""

import gzip

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.enums import Role
from tests.factories.accounts import member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Client:
    return Client(headers={"accept-encoding": "gzip, br"})


def test_a_page_is_compressed_for_a_reader_that_takes_it(reader):
    page = reader.get(reverse("account_login"))
    assert page["Content-Encoding"] == "gzip"
    assert "<!doctype html>" in gzip.decompress(page.content).decode().lower()
    assert "Content-Encoding" not in Client().get(reverse("account_login"))


def test_a_file_keeps_its_bytes_and_its_length(reader):
    assignment = AssignmentFactory()
    requirement = RequirementFactory(task=assignment.task)
    evidence = EvidenceFactory(assignment=assignment, requirement=requirement, content="证明材料".encode() * 500)
    reader.force_login(member(evidence.institution, Role.CONTRIBUTOR))
    response = reader.get(evidence.file_url)
    assert "Content-Encoding" not in response
    assert b"".join(response.streaming_content) == "证明材料".encode() * 500
    assert int(response["Content-Length"]) == evidence.size
