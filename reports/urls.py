from django.urls import path

from reports import views
from reports.batches.views import batch

app_name = "reports"

urlpatterns = [
    path("", views.report_list, name="list"),
    path("request/", views.report_request, name="request"),
    path("ledger/", views.ledger, name="ledger"),
    path("proof/", views.proof, name="proof"),
    path("batches/", batch, name="batch"),
    path("packages/", views.package, name="package"),
    path("packages/tasks/<int:pk>/", views.task_package, name="task_package"),
    path("<uuid:pk>/", views.report_detail, name="detail"),
    path("<uuid:pk>/progress/", views.report_progress, name="progress"),
    path("<uuid:pk>/file/", views.report_file, name="file"),
    path("<uuid:pk>/retry/", views.report_retry, name="retry"),
    path("<uuid:pk>/cancel/", views.report_cancel, name="cancel"),
]
