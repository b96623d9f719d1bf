from django.urls import path
from django.views.i18n import set_language

from portal.accounts import tokens, views
from portal.accounts.access import public

app_name = "accounts"

urlpatterns = [
    path("act-for/<int:pk>/", views.act_for, name="act_for"),
    path("language/", public(set_language), name="set_language"),
    path("settings/", views.settings, name="settings"),
    path("account/changes-seen/", views.changes_seen, name="changes_seen"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<str:digest>/revoke/", tokens.revoke, name="revoke_token"),
    path("account/views/save/", views.save_view, name="save_view"),
    path("account/views/<int:pk>/rename/", views.rename_view, name="rename_view"),
    path("account/views/<int:pk>/delete/", views.delete_view, name="delete_view"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path("people/invitations/<int:pk>/revoke/", views.revoke_invitation, name="revoke_invitation"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("institutions/", views.institutions, name="institutions"),
    path("institutions/options/", views.institution_options, name="institution_options"),
]
