"""API keys: a person makes and revokes their own. A key is shown once; only its digest is kept."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from portal.accounts.access import signed_in
from portal.accounts.models import ApiToken, User
from portal.audit.actions import record

MAX_TOKENS = 20
DAYS = [(30, gettext_lazy("30 天")), (90, gettext_lazy("90 天")), (365, gettext_lazy("一年"))]


class NewToken(NamedTuple):
    token: ApiToken
    key: str


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("用途"),
        max_length=80,
        help_text=gettext_lazy("说明由哪个程序使用，便于日后核对，例如“月度统计脚本”。"),
    )
    days = forms.TypedChoiceField(label=gettext_lazy("有效期"), choices=DAYS, initial=90, coerce=int)


@transaction.atomic
def create_token(*, name: str, days: int, by: User) -> NewToken:
    """Make a key that speaks for its owner until it expires or is revoked."""
    valid = by.auth_token_set.filter(expiry__gt=timezone.now())
    if valid.count() >= MAX_TOKENS:
        raise ValidationError(_("有效密钥已达 %(limit)s 个，请先撤销不再使用的密钥。") % {"limit": MAX_TOKENS})
    token, key = ApiToken.objects.create(by, datetime.timedelta(days=days), name=name)
    record(action="api_token.created", by=by, target=by, data={"name": name, "expires": token.expiry})
    return NewToken(token, key)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> None:
    record(action="api_token.revoked", by=by, target=by, data={"name": token.name})
    token.delete()


@never_cache
@signed_in
def tokens(request) -> HttpResponse:
    """One's keys, and the form for one more. The new key is in this answer only."""
    form = TokenForm(request.POST or None)
    new = None
    if request.method == "POST" and form.is_valid():
        try:
            new = create_token(**form.cleaned_data, by=request.user)
            form = TokenForm()
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "new": new, "tokens": request.user.auth_token_set.all(), "now": timezone.now()}
    return render(request, "accounts/tokens.html", context, status=400 if form.errors else 200)


@require_POST
@signed_in
def revoke(request, digest: str) -> HttpResponse:
    revoke_token(token=get_object_or_404(request.user.auth_token_set, digest=digest), by=request.user)
    return redirect("accounts:tokens")
