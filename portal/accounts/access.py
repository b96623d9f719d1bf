"""Every URL says who may open it. `LoginRequiredMiddleware` denies by default; a test fails for a URL without a rule.

A rule speaks of the person's role only. Which rows the page shows is `visible_to`'s part, and what may be
done with one row is a predicate's in the app's `permissions.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied

from portal.accounts.enums import Permission


def public(view: Callable) -> Callable:
    """Open without signing in."""

    @wraps(view)
    def opened(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    opened.access_rule = "public"
    return login_not_required(opened)


def signed_in(view: Callable) -> Callable:
    """Open to everybody who has signed in; the page shows each their own rows."""

    @wraps(view)
    def opened(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    opened.access_rule = "signed in"
    return opened


def requires(*permissions: Permission) -> Callable[[Callable], Callable]:
    """Open to a person whose acting role carries one of the permissions; 403 for others."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def opened(request, *args, **kwargs):
            membership = request.membership
            if not membership or not any(membership.may(permission) for permission in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        opened.access_rule = permissions
        return opened

    return decorate


def declare(rule: Callable, patterns: list) -> list:
    """Put one rule on every URL of a list, nested ones too: for the pages of libraries."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            declare(rule, pattern.url_patterns)
        else:
            pattern.callback = rule(pattern.callback)
    return patterns


def check(allowed: bool) -> None:
    """Refuse with 403 unless a predicate said yes: the first line of an action."""
    if not allowed:
        raise PermissionDenied
