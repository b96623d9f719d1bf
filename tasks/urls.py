from django.urls import path

from tasks.views import decisions, detail, evidence, files, lists, requests, retention, reuse, uploads, urging, viewing

app_name = "tasks"

urlpatterns = [
    path("", lists.assignment_list, name="list"),
    path("<int:pk>/", detail.assignment_detail, name="detail"),
    path("<int:pk>/hand-in/", decisions.hand_in, name="hand_in"),
    path("<int:pk>/sign/", decisions.sign, name="sign"),
    path("<int:pk>/send-back/", decisions.send_back, name="send_back"),
    path("<int:pk>/exempt/", decisions.exempt, name="exempt"),
    path("<int:pk>/requirements/<int:requirement>/evidence/", evidence.evidence_upload, name="evidence_upload"),
    path("<int:pk>/requirements/<int:requirement>/files/", files.requirement_files, name="files"),
    path("<int:pk>/requirements/<int:requirement>/uploads/", uploads.upload_begin, name="uploads"),
    path("uploads/<uuid:pk>/", uploads.upload, name="upload"),
    path("<int:pk>/requirements/<int:requirement>/reuse/", reuse.reuse, name="reuse"),
    path("evidence/accesses/", viewing.access_log, name="access_log"),
    path("evidence/<uuid:pk>/", viewing.evidence_detail, name="evidence"),
    path("evidence/<uuid:pk>/file/", viewing.evidence_file, name="evidence_file"),
    path("evidence/<uuid:pk>/replace/", evidence.evidence_replace, name="evidence_replace"),
    path("evidence/<uuid:pk>/withdraw/", evidence.evidence_withdraw, name="evidence_withdraw"),
    path("<int:pk>/requests/extension/", requests.request_extension, name="request_extension"),
    path("<int:pk>/requests/not-applicable/", requests.request_not_applicable, name="request_not_applicable"),
    path("requests/", requests.request_list, name="requests"),
    path("requests/<int:pk>/", requests.request_detail, name="request"),
    path("requests/<int:pk>/withdraw/", requests.request_withdraw, name="request_withdraw"),
    path("requests/<int:pk>/grant/", requests.request_grant, name="request_grant"),
    path("requests/<int:pk>/decline/", requests.request_decline, name="request_decline"),
    path("urgings/", urging.urging_list, name="urgings"),
    path("urgings/new/", urging.urge, name="urge"),
    path("urgings/<int:pk>/", urging.urging_detail, name="urging"),
    path("retention/", retention.retention_list, name="retention"),
    path("retention/deleted/", retention.deleted_list, name="retention_deleted"),
    path("retention/delete/", retention.delete, name="retention_delete"),
    path("retention/holds/", retention.hold_list, name="holds"),
    path("retention/holds/place/<int:pk>/", retention.hold_place, name="hold_place"),
    path("retention/holds/<int:pk>/release/", retention.hold_release, name="hold_release"),
]
