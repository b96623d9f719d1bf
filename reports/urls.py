from django.urls import include, path

from reports import views
from reports.batches.views import batch
from reports.schedules.views import schedule_list, schedule_stop

app_name = "reports"

urlpatterns = [
    path("", views.report_list, name="list"),
    path("request/", views.report_request, name="request"),
    path("self-assessments/<int:pk>/", views.assessment, name="assessment"),
    path("ledger/", views.ledger, name="ledger"),
    path("proof/", views.proof, name="proof"),
    path("schedules/", schedule_list, name="schedules"),
    path("schedules/<int:pk>/stop/", schedule_stop, name="schedule_stop"),
    path("compositions/", include("reports.composing.urls")),
    path("batches/", batch, name="batch"),
    path("packages/", views.package, name="package"),
    path("packages/tasks/<int:pk>/", views.task_package, name="task_package"),
    path("<uuid:pk>/", views.report_detail, name="detail"),
    path("<uuid:pk>/progress/", views.report_progress, name="progress"),
    path("<uuid:pk>/file/", views.report_file, name="file"),
    path("<uuid:pk>/workbook/", views.report_workbook, name="workbook"),
    path("<uuid:pk>/retry/", views.report_retry, name="retry"),
    path("<uuid:pk>/cancel/", views.report_cancel, name="cancel"),
]
