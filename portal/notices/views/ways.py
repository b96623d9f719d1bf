"""One's own settings of notices."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.access import signed_in
from portal.accounts.language import remember_language
from portal.accounts.models import User
from portal.notices import ways
from portal.notices.enums import Channel
from portal.notices.forms.ways import LanguageForm, WayForm, one_is_active
from portal.notices.models import Route
from portal.notices.webhooks import BadTarget, Refused


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """All channels in one form: whether one remains can only be said of all of them."""
    data = request.POST if request.method == "POST" else None
    routes = {route.channel: route for route in Route.objects.visible_to(request.user)}
    has_active = any(route.is_active for route in routes.values())
    forms = [
        WayForm(
            data,
            channel=channel,
            route=routes.get(channel),
            is_default=channel == Channel.EMAIL and not has_active,
        )
        for channel in Channel
    ]
    # The form may not write to the person who is signed in before it is known to be sound.
    language = LanguageForm(data, instance=User.objects.get(pk=request.user.pk))
    if data is not None and _are_valid(language, forms):
        ways.save_ways(ways=[form.way for form in forms], language=language.cleaned_data["language"], by=request.user)
        response = redirect("notices:settings")
        if language.has_changed():
            translation.activate(language.cleaned_data["language"])
            remember_language(response, language.cleaned_data["language"])
        messages.success(request, _("通知设置已保存。"))
        return response
    context = {"language_form": language, "ways": forms}
    return render(request, "notices/settings.html", context, status=400 if data is not None else 200)


def _are_valid(language: LanguageForm, forms: list[WayForm]) -> bool:
    """Every form is asked, so that all that is wrong is said at once."""
    sound = [form.is_valid() for form in (language, *forms)]
    return one_is_active(forms) and all(sound)


@require_POST
@signed_in
def test(request: HttpRequest, channel: str) -> HttpResponse:
    routes = Route.objects.visible_to(request.user).exclude(channel=Channel.EMAIL)
    route = get_object_or_404(routes, channel=channel)
    try:
        answer = ways.send_test_message(route=route, by=request.user)
    except (BadTarget, Refused) as error:
        reason = _("测试消息未能发出。%(channel)s：%(reason)s") % {
            "channel": route.get_channel_display(),
            "reason": error,
        }
        messages.error(request, reason)
    else:
        told = _("测试消息已发出。%(channel)s应答：%(answer)s") % {
            "channel": route.get_channel_display(),
            "answer": answer,
        }
        messages.success(request, told)
    return redirect("notices:settings")
