from django.urls import path

from tasks.views import decisions, detail, evidence, lists, retention, reuse, viewing

app_name = "tasks"

urlpatterns = [
    path("", lists.assignment_list, name="list"),
    path("<int:pk>/", detail.assignment_detail, name="detail"),
    path("<int:pk>/side/", detail.assignment_side, name="side"),
    path("<int:pk>/hand-in/", decisions.hand_in, name="hand_in"),
    path("<int:pk>/sign/", decisions.sign, name="sign"),
    path("<int:pk>/send-back/", decisions.send_back, name="send_back"),
    path("<int:pk>/exempt/", decisions.exempt, name="exempt"),
    path("<int:pk>/requirements/<int:requirement>/evidence/", evidence.evidence_upload, name="evidence_upload"),
    path("<int:pk>/requirements/<int:requirement>/reuse/", reuse.reuse, name="reuse"),
    path("evidence/accesses/", viewing.access_log, name="access_log"),
    path("evidence/<uuid:pk>/", viewing.evidence_detail, name="evidence"),
    path("evidence/<uuid:pk>/file/", viewing.evidence_file, name="evidence_file"),
    path("evidence/<uuid:pk>/withdraw/", evidence.evidence_withdraw, name="evidence_withdraw"),
    path("retention/", retention.retention_list, name="retention"),
    path("retention/deleted/", retention.deleted_list, name="retention_deleted"),
    path("retention/delete/", retention.delete, name="retention_delete"),
    path("retention/holds/", retention.hold_list, name="holds"),
    path("retention/holds/place/<int:pk>/", retention.hold_place, name="hold_place"),
    path("retention/holds/<int:pk>/release/", retention.hold_release, name="hold_release"),
]
