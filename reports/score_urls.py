"""Scores compared: below /assessments/, where people look for them, although their figures live in reports."""

from django.urls import path

from reports import views

app_name = "scores"

urlpatterns = [
    path("comparison/", views.comparison, name="comparison"),
    path("ranking/", views.ranking, name="ranking"),
    path("movers/", views.movers, name="movers"),
    path("most-returned/", views.most_returned, name="most_returned"),
]
