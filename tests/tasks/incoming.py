"""Where files lie until they are checked."""

from vault.enums import Place
from vault.places import storage_of


def lying() -> set[str]:
    """What lies in the incoming place."""
    incoming = storage_of(Place.INCOMING)
    return set(incoming.listdir("")[1]) if incoming.exists("") else set()
