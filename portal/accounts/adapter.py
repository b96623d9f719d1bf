"""How sign-in differs from the library's own: accounts come from invitations only, and bring their language."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings

from portal.accounts.language import remember_language


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        return False

    def post_login(self, request, user, **kwargs):
        """The language of the person's settings, unless this browser has chosen one."""
        response = super().post_login(request, user, **kwargs)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            remember_language(response, user.language)
        return response
