from django.urls import path

from assessments.views import (
    answering,
    comparing,
    cycles,
    detail,
    looking,
    queue,
    rectifications,
    rectifying,
    review_drafts,
    reviewing,
    scoring,
    signing,
    withdrawing,
)

app_name = "assessments"

urlpatterns = [
    path("", cycles.overview, name="list"),
    path("open/", cycles.open_cycle, name="open_cycle"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/tasks/<int:number>/", answering.task, name="task"),
    path("<int:pk>/hand-in/", detail.hand_in, name="hand_in"),
    path("<int:pk>/sign/", signing.sign, name="sign"),
    path("<int:pk>/send-back/", signing.send_back, name="send_back"),
    path("<int:pk>/score/", scoring.score, name="score"),
    path("<int:pk>/withdraw/", withdrawing.withdraw_self_assessment, name="withdraw"),
    path("submissions/<int:pk>/withdraw/", withdrawing.withdraw_submission, name="withdraw_submission"),
    path("<int:pk>/evidence/<uuid:file>/", looking.evidence, name="evidence"),
    path("rectifications/", rectifications.overview, name="rectifications"),
    path("rectifications/open/", rectifying.open_one, name="open_rectification"),
    path("rectifications/<int:pk>/", rectifying.detail, name="rectification"),
    path("reviews/", queue.review_queue, name="review_queue"),
    path("reviews/proposals/", queue.proposals, name="review_proposals"),
    path("reviews/submissions/<int:pk>/compare/", comparing.compare_submission, name="compare_submission"),
    path("<int:pk>/compare/", comparing.compare_self_assessment, name="compare_self_assessment"),
    path("reviews/submissions/<int:pk>/", reviewing.review_submission, name="review_submission"),
    path("reviews/self-assessments/<int:pk>/", reviewing.review_self_assessment, name="review_self_assessment"),
    path("reviews/<slug:kind>/<int:pk>/draft/", review_drafts.save, name="save_review_draft"),
    path("reviews/<slug:kind>/<int:pk>/confirm/", review_drafts.confirm, name="confirm_review"),
    path("reviews/<slug:kind>/<int:pk>/decline/", review_drafts.decline, name="decline_review"),
    path("reviews/<slug:kind>/<int:pk>/recall/", review_drafts.recall, name="recall_review"),
]
