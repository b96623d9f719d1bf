import threading

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.enums import Role
from portal.audit.actions import record, verify
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from tests.factories.accounts import InstitutionFactory, UserFactory, member


@pytest.mark.django_db
def test_each_ledger_is_a_chain():
    first, second = InstitutionFactory(), InstitutionFactory()
    for institution in (first, second, first, None):
        record(action="test.happened", by=None, institution=institution, data={"n": 1})
    events = list(AuditEvent.objects.filter(institution=first))
    assert [event.previous_digest for event in events] == ["", *[event.digest for event in events[:-1]]]
    assert not list(verify(first.pk)) + list(verify(second.pk)) + list(verify(None))


@pytest.mark.django_db
def test_the_database_refuses_to_change_or_delete():
    event = record(action="test.happened", by=UserFactory())
    for change in (lambda: AuditEvent.objects.update(action="x"), event.delete):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_a_change_behind_the_databases_back_is_found():
    institution = InstitutionFactory()
    events = [record(action="test.happened", by=None, institution=institution, data={"n": n}) for n in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_auditevent SET data = '{\"n\": 9}' WHERE id = %s", [events[1].pk])
        cursor.execute("SET session_replication_role = DEFAULT")
    assert [event.pk for event in verify(institution.pk)] == [events[1].pk]


@pytest.mark.django_db(transaction=True)
def test_parallel_records_of_one_institution_stay_a_chain():
    institution = InstitutionFactory()

    def write():
        try:
            for _ in range(5):
                record(action="test.happened", by=None, institution=institution)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEvent.objects.filter(institution=institution, action="test.happened").count() == 20
    assert not list(verify(institution.pk))


@pytest.mark.django_db
def test_events_are_seen_by_the_institutions_people_only():
    own, other = InstitutionFactory(), InstitutionFactory()
    user = member(own, Role.CIO)
    assert set(AuditEvent.objects.visible_to(user).values_list("institution", flat=True)) == {own.pk}
    assert AuditEvent.objects.filter(institution=other).exists()


def test_equal_data_give_equal_bytes():
    assert canonical_json({"b": 1, "a": "说明"}) == '{"a":"说明","b":1}'.encode()
    assert digests(b"abc").sm3 == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_nan_is_not_canonical():
    with pytest.raises(ValueError):
        canonical_json({"n": float("nan")})
