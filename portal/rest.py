"""What all API answers share: pages by cursor, and one shape of error."""

from __future__ import annotations

from typing import Any

from django import forms
from django_filters import filters
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler


class Pages(CursorPagination):
    """By cursor over the primary key, so that the thousandth page costs what the first one does."""

    ordering = "pk"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


class IntegerFilter(filters.Filter):
    """A whole number; the library's own number filter also takes 1.5, and reads it as 1."""

    field_class = forms.IntegerField


class NothingHere(APIView):
    """An address below `/api/` that nobody serves: its 404 is JSON too."""

    schema = None

    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound


def explain(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as `{"code", "detail"}`, and for a bad request also `{"fields": {name: [messages]}}`."""
    response = exception_handler(error, context)
    if response is None:
        return None
    data = response.data
    if isinstance(data, dict) and "detail" in data:
        response.data = {"code": getattr(data["detail"], "code", "error"), "detail": str(data["detail"])}
    else:
        fields = data if isinstance(data, dict) else {"": data}
        words = [str(message) for messages in fields.values() for message in messages]
        response.data = {"code": "invalid", "detail": " ".join(words), "fields": fields}
    return response


ERRORS = {
    status.HTTP_400_BAD_REQUEST: "A parameter is wrong; `fields` says which and why.",
    status.HTTP_401_UNAUTHORIZED: "No valid token, nor a session.",
    status.HTTP_404_NOT_FOUND: "There is no such row among those that you may see.",
    status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests; `Retry-After` says when to go on.",
}


def document_errors(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add to the schema what `explain` answers; the schema's generator sees only what goes well."""
    words = {"type": "string"}
    messages = {"type": "object", "additionalProperties": {"type": "array", "items": words}}
    result["components"]["schemas"]["Error"] = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {"code": words, "detail": words, "fields": messages},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for operation in path.values():
            for code, description in ERRORS.items():
                operation["responses"][str(code)] = {"content": content, "description": description}
    return result
