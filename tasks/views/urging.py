"""催办: write to institutions, and what became of the messages sent."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission, Role
from portal.keyset import keyset_page
from portal.notices.mail import notices_mail
from tasks.enums import AssignmentState
from tasks.forms import UrgingForm
from tasks.forms.urging import SEND
from tasks.models import Urging
from tasks.selecting import filters_of, narrowed, ticked
from tasks.urging import Selection, preview, send_urging, summary_of
from tasks.urging_reach import of_institutions, of_messages
from tasks.urging_texts import Template

URGINGS_A_PAGE, INSTITUTIONS_A_PAGE = 20, 50
read_or_post = require_http_methods(["GET", "HEAD", "POST"])


@read_or_post
@requires(Permission.URGE)
def urge(request: HttpRequest) -> HttpResponse:
    """Whom the address selects, what they would get, and the decision to send it."""
    selection = selection_of(request)
    form = UrgingForm(request.POST or None, selection=selection, template=_template_for(request, selection))
    if wanted := form.wants_template:
        form = form.with_template(wanted)
    summary = summary_of(selection, form.chosen_roles)
    refusal = ""
    if form.is_bound and form.is_valid() and form.cleaned_data["what"] == SEND:
        if form.cleaned_data["seen"] != summary.seen:
            refusal = _("收件对象与您看到的不同，可能刚有机构报送，或您改选了角色。请核对下面的数字，再次发送。")
        else:
            try:
                return redirect(_send(request, selection, form))
            except ValidationError as refused:
                refusal = refused.messages[0]
    context = {
        "form": form,
        "selection": selection,
        "summary": summary,
        "refusal": refusal,
        "preview": None if form.errors else _preview(selection, form),
        "query": request.GET.urlencode(),
    }
    return render(request, "tasks/urge.html", context, status=422 if form.errors or refusal else 200)


def selection_of(request: HttpRequest) -> Selection:
    """Rows ticked in one of two lists, which may be none, or everything that the task list's filters select."""
    user, membership, filters = request.user, request.membership, filters_of(request.GET)
    if request.GET.get("ticked") == "institutions":
        chosen = ticked(request, request.GET, "institutions")
        return Selection(user, membership, lambda scope: scope.filter(pk__in=chosen), filters, is_about_tasks=False)
    return Selection(user, membership, partial(narrowed, request, request.GET), filters)


def _template_for(request: HttpRequest, selection: Selection) -> Template:
    if not selection.is_about_tasks:
        return Template.GENERAL
    if request.GET.get("overdue"):
        return Template.OVERDUE
    return Template.RETURNED if request.GET.get("state") == AssignmentState.RETURNED else Template.DUE_SOON


def _send(request: HttpRequest, selection: Selection, form: UrgingForm) -> Urging:
    wanted = form.cleaned_data
    urging = send_urging(
        selection=selection,
        roles=[Role(role) for role in wanted["roles"]],
        subject=wanted["subject"],
        text=wanted["text"],
        token=wanted["token"],
        by=request.user,
    )
    said = ngettext("已发送给 %(count)s 人，送达情况见下。", "已发送给 %(count)s 人，送达情况见下。", urging.people)
    messages.success(request, said % {"count": urging.people})
    return urging


def _preview(selection: Selection, form: UrgingForm) -> dict[str, Any]:
    """What the first of those told in one institution would find in the inbox and in the mail."""
    wanted = form.cleaned_data if form.is_bound else form.initial
    institution = wanted.get("shown") or selection.institutions.first()
    if institution is None:
        return {}
    notice = preview(
        selection=selection,
        institution=institution,
        roles=form.chosen_roles,
        subject=wanted["subject"],
        text=wanted["text"],
    )
    if notice is None:
        return {"institution": institution}
    with translation.override(notice.recipient.language):
        inbox = {"subject": notice.subject, "body": notice.body}
    mail = notices_mail([notice])
    return {"institution": institution, "recipient": notice.recipient, "inbox": inbox, "mail": mail}


# --- What was sent ----------------------------------------------------------------------------------------


@require_safe
@requires(Permission.SUPERVISE)
def urging_list(request: HttpRequest) -> HttpResponse:
    """The messages of the authority acted for, the latest first."""
    rows = Urging.objects.visible_to(request.user, acting=request.membership).select_related("by")
    page = keyset_page(rows, by=["-pk"], after=request.GET.get("after", ""), size=URGINGS_A_PAGE)
    reach = of_messages(page.rows)
    context = {
        "rows": [(urging, reach[urging.pk]) for urging in page.rows],
        "next_cursor": page.next_cursor,
        "may_urge": request.membership.may(Permission.URGE),
    }
    return render(request, "tasks/urgings.html", context)


@require_safe
@requires(Permission.SUPERVISE)
def urging_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, and what became of it in each institution."""
    rows = Urging.objects.visible_to(request.user, acting=request.membership).select_related("by", "authority")
    urging = get_object_or_404(rows, pk=pk)
    urged = urging.urged.select_related("institution__region")
    page = keyset_page(urged, by=["pk"], after=request.GET.get("after", ""), size=INSTITUTIONS_A_PAGE)
    reach = of_institutions(page.rows)
    context = {
        "urging": urging,
        "whole": of_messages([urging])[urging.pk],
        "rows": [(row, reach[row.pk]) for row in page.rows],
        "next_cursor": page.next_cursor,
    }
    return render(request, "tasks/urging.html", context)
