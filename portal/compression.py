"""Pages travel compressed; files, which are streamed and mostly compressed in themselves, travel as they are.

Secrets do not leak through the compressed length (BREACH): Django masks each CSRF token anew and pads each response
by a random number of bytes.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)
