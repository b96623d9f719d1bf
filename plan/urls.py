from django.urls import include, path

from plan.views import plans, reminders

app_name = "plan"

# Once for a plan, once for one of its tasks.
rules = [
    path("", reminders.rules, name="reminders"),
    path("<slug:subject>/own/", reminders.own, name="reminders_own"),
    path("<slug:subject>/restore/", reminders.restore, name="reminders_restore"),
    path("<slug:subject>/add/", reminders.add, name="reminder_add"),
    path("stages/<int:pk>/", reminders.change, name="reminder_change"),
    path("stages/<int:pk>/remove/", reminders.remove, name="reminder_remove"),
]

urlpatterns = [
    path("", plans.plan_list, name="list"),
    path("<slug:slug>/", plans.plan_detail, name="detail"),
    path("<slug:slug>/reminders/", include(rules)),
    path("<slug:slug>/tasks/<int:number>/", plans.task_edit, name="task_edit"),
    path("<slug:slug>/tasks/<int:number>/title/", plans.task_title, name="task_title"),
    path("<slug:slug>/tasks/<int:number>/schedule/", plans.task_schedule, name="task_schedule"),
    path("<slug:slug>/tasks/<int:number>/reminders/", include(rules)),
]
