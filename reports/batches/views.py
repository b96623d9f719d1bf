from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from reports.batches.actions import EmptyScope, request_batch
from reports.batches.forms import BatchForm


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EXPORT_SUPERVISORY)
def batch(request: HttpRequest) -> HttpResponse:
    """Ask for the reports of all institutions in scope."""
    form = BatchForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            return _asked(request, form)
        except EmptyScope as empty:
            form.add_error(None, empty)
    context = {"form": form, "days": settings.PACKAGE_DAYS}
    return render(request, "reports/batch_request.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest, form: BatchForm) -> HttpResponse:
    report = request_batch(membership=request.membership, by=request.user, **form.cleaned_data)
    if report.requested_by != request.user:
        words = _("%(name)s已申请同样的合集，正在生成，不必重复。完成后通知申请人，您可以随时回到本页下载。")
        messages.info(request, words % {"name": report.requested_by.name})
    return redirect(report)
