"""How often files may be verified: a person checks a few, and whoever guesses codes is slowed down."""

from __future__ import annotations

import math

from django.http import HttpRequest
from rest_framework.throttling import SimpleRateThrottle

from tasks.accesses import address_of


class VerificationThrottle(SimpleRateThrottle):
    """Each address, behind which a whole institution may stand."""

    rate = "60/min"

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        return f"report-verification:{address_of(request)}"


def seconds_to_wait(request: HttpRequest) -> int:
    """0 while a file may be verified."""
    throttle = VerificationThrottle()
    return 0 if throttle.allow_request(request, None) else math.ceil(throttle.wait() or 1)
