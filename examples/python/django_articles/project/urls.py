from articles import views
from django.urls import path

urlpatterns = [
    path("articles/", views.article_list),
    path("articles/<int:pk>/", views.article_detail),
]
