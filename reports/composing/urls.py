"""Below /reports/compositions/, in the namespace of the reports."""

from django.urls import path

from reports.composing import views

urlpatterns = [
    path("", views.composition_list, name="composition_list"),
    path("new/", views.composition_new, name="composition_new"),
    path("<int:pk>/", views.composition, name="composition"),
    path("<int:pk>/edit/", views.composition_edit, name="composition_edit"),
    path("<int:pk>/preview/", views.composition_preview, name="composition_preview"),
    path("<int:pk>/draft/", views.composition_draft, name="composition_draft"),
    path("<int:pk>/template/", views.composition_template, name="composition_template"),
    path("<int:pk>/approve/", views.composition_approve, name="composition_approve"),
    path("<int:pk>/discard/", views.composition_discard, name="composition_discard"),
    path("templates/<int:pk>/delete/", views.template_delete, name="template_delete"),
]
