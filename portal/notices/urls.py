from django.urls import path

from portal.notices import operations, proof, views, ways_views

app_name = "notices"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/open/", views.open_notice, name="open"),
    path("proof/", proof.proof, name="proof"),
    path("settings/", ways_views.settings, name="settings"),
    path("settings/<slug:channel>/test/", ways_views.test, name="test"),
    path("read-all/", views.read_all, name="read_all"),
    path("operations/", operations.operations, name="operations"),
    path("operations/try-again/", operations.try_again, name="try_again"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
