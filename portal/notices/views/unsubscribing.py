"""The way out of digests, for people and for their mail programs."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from portal.accounts.access import public
from portal.accounts.models import User
from portal.notices.actions import stop_digest
from portal.notices.forms.unsubscribing import OneClickForm
from portal.notices.unsubscribing import person_of


@public
@csrf_exempt
def unsubscribe(request, token: str) -> HttpResponse:
    """Where a digest's `List-Unsubscribe` leads: mail programs post here by themselves, people press the button."""
    person = person_of(token)
    if person is None:
        raise Http404
    if request.method == "POST" and OneClickForm(request.POST).is_valid():
        stop_digest(by=person)
        return HttpResponse(status=204)
    return _unsubscribe_page(request, person)


@csrf_protect
def _unsubscribe_page(request, person: User) -> HttpResponse:
    if request.method == "POST":
        stop_digest(by=person)
    context = {"person": person, "is_done": request.method == "POST"}
    return render(request, "notices/unsubscribe.html", context)
