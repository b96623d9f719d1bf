from django.urls import path

from portal.notices import operations, views

app_name = "notices"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:pk>/open/", views.open_notice, name="open"),
    path("read-all/", views.read_all, name="read_all"),
    path("operations/", operations.operations, name="operations"),
    path("operations/try-again/", operations.try_again, name="try_again"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
