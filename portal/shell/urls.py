from django.urls import path

from portal.shell import gallery, health, search

app_name = "shell"

urlpatterns = [
    path("components/", gallery.components, name="components"),
    path("search/", search.search, name="search"),
    path("healthz", health.healthz, name="healthz"),
]
