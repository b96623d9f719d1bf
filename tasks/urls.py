from django.urls import path

from tasks.views import decisions, detail, evidence, lists

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
    path("evidence/<uuid:pk>/file/", evidence.evidence_file, name="evidence_file"),
    path("evidence/<uuid:pk>/withdraw/", evidence.evidence_withdraw, name="evidence_withdraw"),
]
