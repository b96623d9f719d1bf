"""The body one acts for, the people of a body, the institutions of a scope, and one's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts import actions
from portal.accounts.access import public, requires, signed_in
from portal.accounts.enums import ListPage, Permission
from portal.accounts.forms import (
    AcceptInvitationForm,
    InvitationForm,
    ProfileForm,
    SavedViewForm,
    SeenForm,
    ViewNameForm,
)
from portal.accounts.language import remember_language
from portal.accounts.middleware import SESSION_KEY
from portal.accounts.models import Institution, Invitation, Membership, SavedView, User
from portal.accounts.permissions import can_change_view, can_manage_people
from portal.accounts.querysets import named_like
from portal.notices.told import people_out_of_reach

OPTIONS = 20


@require_POST
@signed_in
def act_for(request, pk: int):
    """Switch to another body of the person's own; the next page is home, because the old one may not be visible."""
    membership = get_object_or_404(request.user.memberships.filter(is_active=True), pk=pk)
    request.session[SESSION_KEY] = membership.pk
    return redirect("home")


@signed_in
def settings(request):
    """One's own name and language; memberships are shown, and changed by those who manage them."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        actions.save_profile(user=request.user, **form.cleaned_data)
        translation.activate(request.user.language)
        messages.success(request, _("设置已保存。"))
        response = redirect("accounts:settings")
        remember_language(response, request.user.language)
        return response
    manages_people = bool(request.membership and can_manage_people(request.user, request.membership.body))
    return render(request, "accounts/settings.html", {"form": form, "manages_people": manages_people})


@require_POST
@requires(Permission.SUPERVISE)
def changes_seen(request):
    """标为已读 on the first page: it begins anew with what comes after."""
    form = SeenForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    actions.mark_changes_seen(membership=request.membership, until=form.cleaned_data["until"], by=request.user)
    return redirect("home")


# --- Saved views ------------------------------------------------------------------------------------------


@require_POST
@signed_in
def save_view(request):
    """Keep a list's filters, and go back to the list. A name that is taken may be typed anew, or be overwritten."""
    form = SavedViewForm(request.POST)
    authority = request.membership.authority if request.membership else None
    is_taken = False
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            view = actions.save_view(
                page=ListPage(wanted["page"]),
                name=wanted["name"],
                query=wanted["query"],
                overwrite=wanted["overwrite"],
                authority=authority if wanted["shared"] else None,
                by=request.user,
            )
        except ValidationError as error:
            is_taken = error.code == "taken"
            form.add_error("name", error)
        else:
            messages.success(request, _("已保存视图“%(name)s”。") % {"name": view.name})
            return redirect(f"{reverse(view.page)}?{view.query}")
    if form.errors.keys() & {"page", "query"}:
        return HttpResponseBadRequest()
    context = {
        "form": form,
        "is_taken": is_taken,
        "may_share": authority is not None,
        "back": f"{reverse(form.cleaned_data['page'])}?{form.cleaned_data['query']}",
    }
    return render(request, "accounts/save_view.html", context, status=400)


def _visible_view(request, pk: int) -> SavedView:
    return get_object_or_404(SavedView.objects.visible_to(request.user, request.membership), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def rename_view(request, pk: int):
    view = _visible_view(request, pk)
    if not can_change_view(request.user, view):
        raise PermissionDenied
    back = f"{reverse(view.page)}?{view.query}"
    form = ViewNameForm(request.POST or None, initial={"name": view.name})
    if form.is_valid():
        try:
            view = actions.rename_view(view=view, name=form.cleaned_data["name"], by=request.user)
        except ValidationError as error:
            form.add_error("name", error)
        else:
            messages.success(request, _("已改名为“%(name)s”。") % {"name": view.name})
            return redirect(back)
    context = {"form": form, "view": view, "back": back}
    return render(request, "accounts/rename_view.html", context, status=400 if form.errors else 200)


@require_POST
@signed_in
def delete_view(request, pk: int):
    view = _visible_view(request, pk)
    actions.delete_view(view=view, by=request.user)
    messages.success(request, _("已删除视图“%(name)s”。") % {"name": view.name})
    return redirect(view.page)


# --- People -----------------------------------------------------------------------------------------------


@requires(Permission.MANAGE_PEOPLE)
def people(request):
    """The body's members and open invitations, and the form to invite one more."""
    body = request.membership.body
    form = InvitationForm(request.POST or None, body=body)
    if request.method == "POST" and form.is_valid():
        actions.invite(**form.cleaned_data, body=body, by=request.user)
        messages.success(request, _("已向 %(email)s 发出邀请。") % {"email": form.cleaned_data["email"]})
        return redirect("accounts:people")
    field = body._meta.model_name
    context = {
        "form": form,
        "members": Membership.objects.visible_to(request.user)
        .filter(is_active=True, **{field: body})
        .select_related("user"),
        "invitations": Invitation.objects.open().filter(**{field: body}),
        "out_of_reach": _out_of_reach(request, request.membership.institution),
    }
    return render(request, "accounts/people.html", context, status=400 if form.errors else 200)


def _out_of_reach(request, institution: Institution | None) -> set[int]:
    """Whose last message did not arrive, for who may know."""
    if institution is None or not request.membership.may(Permission.SEE_PROOF):
        return set()
    return people_out_of_reach(request.user, request.membership, institution)


@requires(Permission.MANAGE_PEOPLE)
def remove_member(request, pk: int):
    """The decision page for ending a membership."""
    memberships = Membership.objects.visible_to(request.user).filter(is_active=True).select_related("user")
    membership = get_object_or_404(memberships, pk=pk)
    if not can_manage_people(request.user, membership.body):
        raise Http404
    if request.method == "POST":
        try:
            actions.remove_member(membership=membership, by=request.user)
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("已移除 %(name)s。") % {"name": membership.user.name})
        return redirect("accounts:people")
    return render(request, "accounts/remove_member.html", {"member": membership})


@require_POST
@requires(Permission.MANAGE_PEOPLE)
def revoke_invitation(request, pk: int):
    invitation = get_object_or_404(Invitation.objects.open(), pk=pk)
    if not can_manage_people(request.user, invitation.body):
        raise Http404
    actions.revoke_invitation(invitation=invitation, by=request.user)
    messages.success(request, _("邀请已撤销。"))
    return redirect("accounts:people")


@public
def invitation(request, token: str):
    """Where the link of an invitation leads. A known address signs in as before; a new one sets a password."""
    invited = get_object_or_404(Invitation.objects.open(), token_digest=actions.token_digest(token))
    is_known = User.objects.filter(email__iexact=invited.email).exists()
    form = AcceptInvitationForm(request.POST or None)
    if request.method == "POST" and (is_known or form.is_valid()):
        user = actions.accept_invitation(invitation=invited, password=form.data.get("password", ""))
        if is_known:
            messages.success(request, _("已加入%(body)s。请用原有密码登录。") % {"body": invited.body})
            return redirect("account_login")
        login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return redirect("home")
    context = {"form": form, "invitation": invited, "is_known": is_known}
    return render(request, "accounts/invitation.html", context, status=400 if form.errors else 200)


# --- Institutions -----------------------------------------------------------------------------------------


@require_safe
@requires(Permission.SUPERVISE)
def institutions(request):
    """Where the list stood before; what it was narrowed to is kept."""
    return redirect(reverse(ListPage.INSTITUTIONS, query=request.GET))


@signed_in
def institution_options(request):
    """What a search box over institutions offers for `?q=`."""
    rows = Institution.objects.visible_to(request.user)
    text = request.GET.get("q", "").strip()[:100]
    if text:
        rows = rows.filter(named_like(text))
    options = [{"value": i.pk, "label": i.local_name, "detail": i.credit_code} for i in rows[:OPTIONS]]
    return render(request, "_components/options.html", {"options": options})
