from django.urls import path

from reports.verification.views import verify

app_name = "verification"

urlpatterns = [
    path("", verify, name="form"),
    path("<str:code>/", verify, name="code"),
]
