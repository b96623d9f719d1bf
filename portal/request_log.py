"""The log of requests, without the secrets that stand in some addresses: whoever holds one needs no account."""

from __future__ import annotations

import re

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

SECRET = re.compile(r"(?<=/calendar/feed/)[^/?]{20,}|(?<=/invitations/)[^/?]{20,}")


class RequestLogMiddleware(RequestMiddleware):
    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return SECRET.sub("…", f"{request.method} {request.get_full_path()}")
