"""Every URL declares who may open it, and nobody gets in who may not."""

import pytest
from django.urls import URLPattern, get_resolver

from portal.accounts.enums import Permission


def patterns(resolver=None, path=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield here, pattern
        else:
            yield from patterns(pattern, here)


URLS = list(patterns())


def rule_of(pattern: URLPattern):
    return getattr(pattern.callback, "access_rule", None)


@pytest.mark.parametrize(("path", "pattern"), URLS, ids=[path for path, _ in URLS])
def test_every_url_declares_its_rule(path, pattern):
    rule = rule_of(pattern)
    assert rule in ("public", "signed in") or (rule and all(isinstance(p, Permission) for p in rule)), path


def test_what_is_public_is_listed():
    """A page that opens without signing in is a decision; this list is where it is taken."""
    public = {path for path, pattern in URLS if rule_of(pattern) == "public"}
    assert public == {
        "healthz",
        "language/",
        "invitations/<str:token>/",
        "api/schema/",
        "calendar/feed/<str:token>.ics",
        "inbox/unsubscribe/<str:token>/",
        "verify/",
        "verify/<str:code>/",
        *(path for path, _ in URLS if path.startswith("accounts/")),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "pattern"), URLS, ids=[path for path, _ in URLS])
def test_signed_out_visitors_see_nothing(client, path, pattern):
    if rule_of(pattern) == "public":
        return
    filled = path.replace("^", "").replace("$", "")
    for kind, value in {"int": "1", "uuid": "00000000-0000-0000-0000-000000000001", "slug": "x", "str": "x"}.items():
        while f"<{kind}:" in filled:
            start = filled.index(f"<{kind}:")
            filled = filled[:start] + value + filled[filled.index(">", start) + 1 :]
    if "(?P" in filled:
        pytest.skip("a format suffix of the API's router; its plain URL is tested")
    response = client.get(f"/{filled}")
    # Methods are refused only after the person is known: 405 would tell that the page exists.
    assert response.status_code == 401 or (response.status_code == 302 and "login" in response["Location"])
