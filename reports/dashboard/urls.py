from django.urls import path

from reports.dashboard import views

app_name = "dashboard"

urlpatterns = [
    path("", views.overview_tab, name="overview"),
    path("progress/", views.progress_tab, name="progress"),
    path("heat/", views.heat_tab, name="heat"),
    path("institutions/", views.institutions_tab, name="institutions"),
    path("regions/", views.regions_tab, name="regions"),
    path("maturity/", views.maturity_tab, name="maturity"),
]
