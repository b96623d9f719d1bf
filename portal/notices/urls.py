from django.urls import path

from portal.notices.views import inbox, operations, proof, unsubscribing, ways

app_name = "notices"

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("<int:pk>/open/", inbox.open_notice, name="open"),
    path("proof/", proof.proof, name="proof"),
    path("settings/", ways.settings, name="settings"),
    path("settings/<slug:channel>/test/", ways.test, name="test"),
    path("read-all/", inbox.read_all, name="read_all"),
    path("operations/", operations.operations, name="operations"),
    path("operations/try-again/", operations.try_again, name="try_again"),
    path("unsubscribe/<str:token>/", unsubscribing.unsubscribe, name="unsubscribe"),
]
