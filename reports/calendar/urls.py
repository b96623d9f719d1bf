from django.urls import path

from reports.calendar import views

app_name = "calendar"

urlpatterns = [
    path("", views.month, name="month"),
    path("list/", views.day_list, name="list"),
    path("feed/", views.create_feed, name="create_feed"),
    path("feed/revoke/", views.revoke_feed, name="revoke_feed"),
    path("feed/<str:token>.ics", views.feed, name="feed"),
]
