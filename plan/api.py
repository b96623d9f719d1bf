"""Plans over the API: everybody who is signed in may read them."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from plan.models import Plan, Requirement, Schedule, Task, Theme


class RequirementSerializer(serializers.ModelSerializer):
    reference = serializers.CharField(read_only=True)
    criteria = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), read_only=True)

    class Meta:
        model = Requirement
        fields = [
            "reference",
            "number",
            "text",
            "text_en",
            "level",
            "kind",
            "binding",
            "weight",
            "criteria",
            "unit",
        ]
        read_only_fields = fields


class ScheduleSerializer(serializers.ModelSerializer):
    class Meta:
        model = Schedule
        fields = ["institution_kind", "due_on", "is_official"]
        read_only_fields = fields


class TaskSerializer(serializers.ModelSerializer):
    requirements = RequirementSerializer(many=True, read_only=True)
    schedules = ScheduleSerializer(many=True, read_only=True)

    class Meta:
        model = Task
        fields = ["number", "title", "title_en", "title_is_official", "weight", "requirements", "schedules"]
        read_only_fields = fields


class ThemeSerializer(serializers.ModelSerializer):
    tasks = TaskSerializer(many=True, read_only=True)

    class Meta:
        model = Theme
        fields = ["number", "label", "label_en", "title", "title_en", "tasks"]
        read_only_fields = fields


class PlanSerializer(serializers.ModelSerializer):
    class Meta:
        model = Plan
        fields = [
            "slug",
            "title",
            "title_en",
            "issuer",
            "issuer_en",
            "issued_on",
            "starts_on",
            "ends_on",
            "shift_years",
            "digest",
        ]
        read_only_fields = fields


class PlanDetailSerializer(PlanSerializer):
    themes = ThemeSerializer(many=True, read_only=True)

    class Meta(PlanSerializer.Meta):
        fields = [*PlanSerializer.Meta.fields, "source", "source_en", "themes"]
        read_only_fields = fields


class PlanViewSet(ReadOnlyModelViewSet):
    """Plans; one plan by its slug comes with themes, tasks, requirements and schedules."""

    queryset = Plan.objects.none()
    lookup_field = "slug"
    lookup_value_converter = "slug"

    def get_queryset(self):
        plans = Plan.objects.visible_to(self.request.user)
        return plans.with_contents() if self.action == "retrieve" else plans

    def get_serializer_class(self):
        return PlanDetailSerializer if self.action == "retrieve" else PlanSerializer
