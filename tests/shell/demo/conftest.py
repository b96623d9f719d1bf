import pytest


@pytest.fixture(scope="package")
def db(django_db_setup):
    """There is a database, as pytest-django sees by this name; but no transaction for each test."""


@pytest.fixture(scope="package")
def demo(db, django_db_blocker):
    """Loaded once for the tests of this package, which one worker runs; yields the structure from before."""
    from django.db import transaction

    from tests.factories.accounts import every_region
    from tests.shell.demo.loaded import load_quietly, structure

    with django_db_blocker.unblock(), transaction.atomic():
        before = structure()
        every_region()
        load_quietly()
        yield before
        transaction.set_rollback(True)
