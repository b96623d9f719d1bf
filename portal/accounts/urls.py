from django.urls import path
from django.views.i18n import set_language

from portal.accounts import views
from portal.accounts.access import public

app_name = "accounts"

urlpatterns = [
    path("act-for/<int:pk>/", views.act_for, name="act_for"),
    path("language/", public(set_language), name="set_language"),
]
