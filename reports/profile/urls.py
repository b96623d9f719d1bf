"""Below /institutions/, where people look for it, although its figures live in reports."""

from django.urls import path

from reports.profile import views

app_name = "profile"

urlpatterns = [
    path("", views.institution, name="institution"),
]
