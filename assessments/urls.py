from django.urls import path

from assessments.views import (
    answering,
    cycles,
    delegating,
    detail,
    looking,
    queue,
    rectifications,
    reviewing,
    saving,
    signing,
)

app_name = "assessments"

urlpatterns = [
    path("", cycles.overview, name="list"),
    path("open/", cycles.open_cycle, name="open_cycle"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/tasks/<int:number>/", answering.task, name="task"),
    path("<int:pk>/requirements/<int:requirement>/", saving.save_answer, name="save_answer"),
    path("<int:pk>/presence/", saving.presence, name="presence"),
    path("<int:pk>/delegations/", delegating.delegations, name="delegations"),
    path("<int:pk>/hand-in/", detail.hand_in, name="hand_in"),
    path("<int:pk>/sign/", signing.sign, name="sign"),
    path("<int:pk>/send-back/", signing.send_back, name="send_back"),
    path("<int:pk>/evidence/<uuid:file>/", looking.evidence, name="evidence"),
    path("rectifications/", rectifications.overview, name="rectifications"),
    path("rectifications/<int:pk>/", rectifications.detail, name="rectification"),
    path("reviews/", queue.review_queue, name="review_queue"),
    path("reviews/submissions/<int:pk>/", reviewing.review_submission, name="review_submission"),
    path("reviews/self-assessments/<int:pk>/", reviewing.review_self_assessment, name="review_self_assessment"),
]
