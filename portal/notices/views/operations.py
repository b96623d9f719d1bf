"""The operator's page: how the outbox does, what it gave up, and another try. Subjects are shown, contents are not."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.keyset import keyset_page
from portal.notices import actions
from portal.notices.enums import DeliveryState
from portal.notices.forms.operations import TroubleForm, TryAgainForm
from portal.notices.models import Delivery
from portal.notices.outbox import outbox

DELIVERIES_A_PAGE = 30


@requires(Permission.OPERATE)
def operations(request) -> HttpResponse:
    form = TroubleForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    state = wanted.get("state") or DeliveryState.PARKED
    page = keyset_page(
        Delivery.objects.in_trouble(state), by=["-pk"], after=wanted.get("after", ""), size=DELIVERIES_A_PAGE
    )
    context = {
        "outbox": outbox(),
        "deliveries": page.rows,
        "next_cursor": page.next_cursor,
        "shows_parked": state == DeliveryState.PARKED,
        "shows_bounced": state == DeliveryState.BOUNCED,
    }
    return render(request, "notices/operations.html", context)


@require_POST
@requires(Permission.OPERATE)
def try_again(request) -> HttpResponse:
    form = TryAgainForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("该通知已不在发送失败之列，请刷新页面查看。"))
        return redirect("notices:operations")
    chosen = form.cleaned_data["delivery"]
    rows = Delivery.objects.filter(pk=chosen.pk) if chosen else Delivery.objects.all()
    count = actions.try_again(deliveries=rows, by=request.user)
    messages.success(
        request, ngettext("已重新排队 %(count)s 条。", "已重新排队 %(count)s 条。", count) % {"count": count}
    )
    return redirect("notices:operations")
