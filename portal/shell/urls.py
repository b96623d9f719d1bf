from django.urls import path

from portal.shell import gallery, health
from portal.shell.search import views as search

app_name = "shell"

urlpatterns = [
    path("components/", gallery.components, name="components"),
    path("search/", search.page, name="search"),
    path("search/found/", search.found, name="search_found"),
    path("healthz", health.healthz, name="healthz"),
]
