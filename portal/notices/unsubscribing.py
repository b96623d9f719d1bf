"""The link by which a digest is ended from the mail itself. It is signed, and says nothing but who."""

from __future__ import annotations

from django.core import signing

from portal.accounts.models import User

SALT = "portal.notices.unsubscribe"


def unsubscribe_token(person: User) -> str:
    return signing.dumps(person.pk, salt=SALT)


def person_of(token: str) -> User | None:
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, is_active=True).first()
