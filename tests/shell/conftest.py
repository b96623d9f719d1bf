import pytest


@pytest.fixture
def world(db):
    """An institution about which everything was said, and the authority that said its part."""
    from tests.factories.accounts import AuthorityFactory, InstitutionFactory
    from tests.shell.said import everything_said

    institution = InstitutionFactory(name="申江证券有限公司")
    authority = AuthorityFactory()
    everything_said(institution, authority)
    return institution, authority
