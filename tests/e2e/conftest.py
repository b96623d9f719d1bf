import pytest

from tests.e2e.running import running_portal
from tests.e2e.visitor import Visitor


@pytest.fixture(scope="session")
def portal():
    with running_portal() as running:
        yield running


@pytest.fixture
def visit(browser, portal):
    """Sign in as somebody: `visit("cio@sec01.example", "en")`."""
    visitors = []

    def sign_in(account: str, language: str = "zh-hans") -> Visitor:
        visitors.append(Visitor(browser, portal, account, language))
        return visitors[-1]

    yield sign_in
    for visitor in visitors:
        visitor.close()
