"""Institutions over the API: one's own, and those one supervises."""

from __future__ import annotations

import django_filters
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution, Region


class RegionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Region
        fields = ["code", "name", "name_en"]
        read_only_fields = fields


class InstitutionSerializer(serializers.ModelSerializer):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    region = RegionSerializer(read_only=True)

    class Meta:
        model = Institution
        fields = [
            "id",
            "name",
            "name_en",
            "short_name",
            "kind",
            "kind_display",
            "region",
            "credit_code",
            "is_active",
        ]
        read_only_fields = fields


class InstitutionFilter(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=InstitutionKind.choices)
    region = django_filters.CharFilter(field_name="region__code")
    credit_code = django_filters.CharFilter()

    class Meta:
        model = Institution
        fields = ["kind", "region", "credit_code"]


class InstitutionViewSet(ReadOnlyModelViewSet):
    """Institutions that you belong to or supervise."""

    queryset = Institution.objects.none()
    serializer_class = InstitutionSerializer
    filterset_class = InstitutionFilter
    lookup_value_converter = "int"

    def get_queryset(self):
        return Institution.objects.visible_to(self.request.user).select_related("region")
