"""`/api/`: version 1 under the same `visible_to` as the pages, and its schema."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from portal.accounts.access import declare, public

urlpatterns = declare(public, [path("schema/", SpectacularAPIView.as_view(), name="api-schema")])
