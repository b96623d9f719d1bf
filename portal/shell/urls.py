from django.urls import path

from portal.shell import health

app_name = "shell"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
]
