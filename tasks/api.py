"""Assignments over the API: how far each is, and what was signed last. Drafts are not part of it."""

from __future__ import annotations

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from plan.models import Task
from portal.accounts.models import Institution
from portal.rest import IntegerFilter
from tasks.enums import AssignmentState
from tasks.models import Assignment, Submission
from tasks.querysets import past_deadline


class TaskNameSerializer(serializers.ModelSerializer):
    plan: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Task
        fields = ["plan", "number", "title", "title_en", "title_is_official"]
        read_only_fields = fields


class InstitutionNameSerializer(serializers.ModelSerializer):
    class Meta:
        model = Institution
        fields = ["id", "name", "name_en", "kind"]
        read_only_fields = fields


class SubmissionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Submission
        fields = ["number", "signed_at", "sha256", "sm3"]
        read_only_fields = fields


class AssignmentSerializer(serializers.ModelSerializer):
    task = TaskNameSerializer(read_only=True)
    institution = InstitutionNameSerializer(read_only=True)
    part_display = serializers.CharField(source="get_part_display", read_only=True)
    state_display = serializers.CharField(source="get_state_display", read_only=True)
    is_overdue = serializers.BooleanField(read_only=True)
    latest_submission = serializers.SerializerMethodField()

    class Meta:
        model = Assignment
        fields = [
            "id",
            "task",
            "institution",
            "part",
            "part_display",
            "state",
            "state_display",
            "deadline",
            "deadline_is_official",
            "is_overdue",
            "submitted_at",
            "returned_at",
            "accepted_at",
            "latest_submission",
        ]
        read_only_fields = fields

    @extend_schema_field(SubmissionSerializer(allow_null=True))
    def get_latest_submission(self, assignment) -> dict | None:
        return SubmissionSerializer(assignment.last_signed[0]).data if assignment.last_signed else None


class AssignmentFilter(django_filters.FilterSet):
    plan = django_filters.CharFilter(field_name="task__plan__slug")
    task = IntegerFilter(field_name="task__number", label="The task's number in its plan.")
    institution = IntegerFilter(field_name="institution_id", label="The institution's id.")
    state = django_filters.MultipleChoiceFilter(choices=AssignmentState.choices)
    overdue = django_filters.BooleanFilter(method="by_overdue")
    deadline_before = django_filters.DateFilter(field_name="deadline", lookup_expr="lt")
    deadline_after = django_filters.DateFilter(field_name="deadline", lookup_expr="gt")

    class Meta:
        model = Assignment
        fields = ["plan", "task", "institution", "state", "overdue", "deadline_before", "deadline_after"]

    def by_overdue(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        late = past_deadline(timezone.localdate())
        return rows.filter(late if value else ~late)


class AssignmentViewSet(ReadOnlyModelViewSet):
    """Tasks of the institutions that you belong to or supervise."""

    queryset = Assignment.objects.none()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilter
    lookup_value_converter = "int"

    def get_queryset(self):
        newest = Submission.objects.order_by("assignment_id", "-number").distinct("assignment_id").defer("content")
        return (
            Assignment.objects.visible_to(self.request.user)
            .select_related("task__plan", "institution")
            .prefetch_related(Prefetch("submissions", queryset=newest, to_attr="last_signed"))
        )
