"""`/api/`: version 1 under the same `visible_to` as the pages, and its schema (docs/api.md)."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from plan.api import PlanViewSet
from portal.accounts.access import declare, public, signed_in
from portal.accounts.api import InstitutionViewSet
from portal.rest import NothingHere
from tasks.api import AssignmentViewSet

router = SimpleRouter(use_regex_path=False)
router.register("plans", PlanViewSet, basename="plan")
router.register("institutions", InstitutionViewSet, basename="institution")
router.register("assignments", AssignmentViewSet, basename="assignment")

urlpatterns = [
    *declare(public, [path("schema/", SpectacularAPIView.as_view(), name="api-schema")]),
    *declare(signed_in, [path("v1/", include((router.urls, "api"))), re_path("", NothingHere.as_view())]),
]
