"""An institution, its supervising body and their people, as the tests of tasks have them."""

from tests.tasks.conftest import browse, people  # noqa: F401 - fixtures
