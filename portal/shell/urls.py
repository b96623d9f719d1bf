from django.urls import path

from portal.shell import gallery, health

app_name = "shell"

urlpatterns = [
    path("components/", gallery.components, name="components"),
    path("healthz", health.healthz, name="healthz"),
]
