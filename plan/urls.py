from django.urls import path

from plan import views

app_name = "plan"

urlpatterns = [
    path("", views.plan_list, name="list"),
    path("<slug:slug>/", views.plan_detail, name="detail"),
    path("<slug:slug>/tasks/<int:number>/", views.task_edit, name="task_edit"),
    path("<slug:slug>/tasks/<int:number>/title/", views.task_title, name="task_title"),
    path("<slug:slug>/tasks/<int:number>/schedule/", views.task_schedule, name="task_schedule"),
]
