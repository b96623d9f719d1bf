"""All URLs. Each declares who may open it (portal/accounts/access.py); tests/test_urls.py walks them."""

from allauth.account.urls import urlpatterns as account_patterns
from django.urls import include, path

from portal.accounts.access import declare, public
from portal.shell import views as shell

# Of the library's pages those that serve here: accounts come by invitation, and an address changes with the person.
SIGN_IN_NAMES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
SIGN_IN = [pattern for pattern in account_patterns if pattern.name in SIGN_IN_NAMES]

urlpatterns = [
    path("", shell.home, name="home"),
    path("", include("portal.shell.urls")),
    path("plan/", include("plan.urls")),
    path("tasks/", include("tasks.urls")),
    path("files/", include("vault.urls")),
    path("assessments/", include("assessments.urls")),
    path("assessments/", include("reports.score_urls")),
    path("explore/", include("reports.explorer.urls")),
    path("reports/", include("reports.urls")),
    path("verify/", include("reports.verification.urls")),
    path("calendar/", include("reports.calendar.urls")),
    path("institutions/<int:pk>/", include("reports.profile.urls")),
    path("dashboard/", include("reports.dashboard.urls")),
    path("inbox/", include("portal.notices.urls")),
    path("", include("portal.accounts.urls")),
    path("api/", include("portal.api")),
    *declare(public, [path("accounts/", include(SIGN_IN))]),
]
