"""从材料库选用: files that the institution has already, put forward for one more requirement."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from plan.models import Requirement
from portal.accounts.access import check, signed_in
from portal.gate import WrongState
from portal.keyset import bounded_count, keyset_page
from tasks.evidence import reuse_files
from tasks.forms import ReuseForm
from tasks.models import Assignment
from tasks.permissions import can_fill_in
from tasks.views.rows import visible_assignment
from vault.filters import FileFilter
from vault.models import StoredFile
from vault.querysets import StoredFileQuerySet
from vault.snippets import snippets

ROWS_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reuse(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_fill_in(request.user, assignment))
    answered = get_object_or_404(assignment.requirements.select_related("task"), pk=requirement)
    if not assignment.takes_files:
        state = {"state": assignment.get_state_display()}
        messages.info(request, _("当前状态为“%(state)s”，现在不能执行此操作。") % state)
        return redirect(assignment)
    offered = _offered(request, assignment, answered)
    if request.method != "POST":
        return _page(request, assignment, answered, offered, ReuseForm(offered=offered))
    form = ReuseForm(request.POST, offered=offered)
    if form.is_valid() and _reuse(request, assignment, answered, form):
        return redirect(f"{assignment.get_absolute_url()}#requirement-{answered.pk}")
    return _page(request, assignment, answered, offered, form, status=422)


def _offered(request: HttpRequest, assignment: Assignment, requirement: Requirement) -> StoredFileQuerySet:
    """What the institution has and may use: checked, and not put forward for this requirement already."""
    there = assignment.evidence.current().filter(requirement=requirement)
    files = StoredFile.objects.visible_to(request.user).filter(institution=assignment.institution_id)
    return files.clean().exclude(pk__in=there.order_by().values("stored"))


def _reuse(request: HttpRequest, assignment: Assignment, requirement: Requirement, form: ReuseForm) -> bool:
    """Whether it came about; otherwise the form or a message says why not."""
    files = form.cleaned_data["files"]
    try:
        reuse_files(assignment=assignment, requirement=requirement, files=files, by=request.user)
    except WrongState as moved_on:
        messages.info(request, moved_on.messages[0])
        return True
    except ValidationError as refused:
        form.add_error("files", refused)
        return False
    chosen = ngettext("已选用 %(count)d 份文件。", "已选用 %(count)d 份文件。", len(files)) % {"count": len(files)}
    messages.success(request, chosen)
    return True


def _page(
    request: HttpRequest,
    assignment: Assignment,
    requirement: Requirement,
    offered: StoredFileQuerySet,
    form: ReuseForm,
    *,
    status: int = 200,
) -> HttpResponse:
    filterset = FileFilter(request.GET, queryset=offered, request=request)
    found = filterset.qs if filterset.is_valid() else offered.none()
    page = keyset_page(
        found.prefetch_related("evidence__requirement__task"),
        by=("-received_at", "-pk"),
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    text = filterset.form.cleaned_data.get("q", "") if filterset.form.is_bound else ""
    hits = snippets(text, page.rows) if text and page.rows else {}
    chosen = set(form["files"].value() or [])
    context = {
        "assignment": assignment,
        "requirement": requirement,
        "form": form,
        "filterset": filterset,
        "page": page,
        "entries": [
            {"file": file, "snippet": hits.get(file.pk), "is_chosen": str(file.pk) in chosen} for file in page.rows
        ],
        "count": bounded_count(found),
        "back": f"{assignment.get_absolute_url()}#requirement-{requirement.pk}",
    }
    return render(request, "tasks/reuse.html", context, status=status)
