"""All URLs. Each declares who may open it (portal/accounts/access.py); tests/test_urls.py walks them."""

from django.urls import include, path

from portal.accounts.access import declare, public
from portal.shell import views as shell

urlpatterns = [
    path("", shell.home, name="home"),
    path("", include("portal.shell.urls")),
    path("plan/", include("plan.urls")),
    path("tasks/", include("tasks.urls")),
    path("assessments/", include("assessments.urls")),
    path("reports/", include("reports.urls")),
    path("inbox/", include("portal.notices.urls")),
    path("", include("portal.accounts.urls")),
    path("api/", include("portal.api")),
    *declare(public, [path("accounts/", include("allauth.account.urls"))]),
]
