"""How often a feed may be asked for: programs ask every few hours, and whoever guesses is slowed down."""

from __future__ import annotations

import math

from django.http import HttpRequest
from rest_framework.throttling import SimpleRateThrottle

from tasks.accesses import address_of


class FeedThrottle(SimpleRateThrottle):
    """Each link."""

    rate = "60/hour"

    def get_cache_key(self, request: HttpRequest, view: str) -> str:
        return f"calendar-feed:{view}"


class AddressThrottle(SimpleRateThrottle):
    """Each address, behind which a whole institution may stand."""

    rate = "300/min"

    def get_cache_key(self, request: HttpRequest, view: str) -> str:
        return f"calendar-feed:{address_of(request)}"


def seconds_to_wait(request: HttpRequest, digest: str) -> int:
    """0 while the feed with that digest may be read."""
    for throttle in (AddressThrottle(), FeedThrottle()):
        if not throttle.allow_request(request, digest):
            return math.ceil(throttle.wait() or 1)
    return 0
