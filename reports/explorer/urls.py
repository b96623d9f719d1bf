from django.urls import path

from reports.explorer import views
from reports.explorer.registry import LISTED

app_name = "explorer"

urlpatterns = [
    path("", views.index, name="index"),
    path("export/", views.export, name="export"),
    *(path(f"{key}/", views.subject, {"key": key}, name=key) for key in LISTED),
]
