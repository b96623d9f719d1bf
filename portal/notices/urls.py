from django.urls import path

from portal.notices import proof, views, ways_views

app_name = "notices"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/open/", views.open_notice, name="open"),
    path("proof/", proof.proof, name="proof"),
    path("settings/", ways_views.settings, name="settings"),
    path("settings/<slug:channel>/test/", ways_views.test, name="test"),
    path("read-all/", views.read_all, name="read_all"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
