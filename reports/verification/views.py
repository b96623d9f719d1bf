"""The public page that tells whoever has a report's file whether it is as it was issued."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from portal.accounts.access import public
from reports.models import Report
from reports.verification.codes import clean_code, grouped
from reports.verification.forms import VerificationForm
from reports.verification.throttling import seconds_to_wait
from reports.verification.uploads import MeasuredFile, MeasuringHandler


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """Who handles the upload is said before anything reads it. The check of CSRF would, so it comes after."""
    if request.method == "POST":
        if wait := seconds_to_wait(request):
            response = _page(request, _empty_form(code), status=429, wait=wait)
            response["Retry-After"] = str(wait)
            return response
        request.upload_handlers = [MeasuringHandler(request)]
    return _verify(request, code)


@csrf_protect
def _verify(request: HttpRequest, code: str) -> HttpResponse:
    if request.method != "POST":
        return _page(request, _empty_form(code))
    form = VerificationForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    file = form.cleaned_data["file"]
    issued = Report.objects.issued_as(file.digests).filter(code=form.cleaned_data["code"])
    issued = issued.select_related("institution", "authority", "plan", "composition__approved_by")
    return _page(request, form, file=file, report=issued.first())


def _empty_form(code: str) -> VerificationForm:
    return VerificationForm(initial={"code": grouped(clean_code(code) or "")})


def _page(
    request: HttpRequest,
    form: VerificationForm,
    *,
    status: int = 200,
    wait: int = 0,
    file: MeasuredFile | None = None,
    report: Report | None = None,
) -> HttpResponse:
    context = {"form": form, "wait": wait, "file": file, "report": report}
    return render(request, "reports/verification.html", context, status=status)
