"""The least that this project needs. Two things come from the environment: ARTICLES_DB and ARTICLES_TARGET."""
import os
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "an example has no secrets")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["articles"]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("ARTICLES_DB", BASE_DIR / "articles.db"),
        # Readers do not wait for a writer.
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL"},
    }
}

# Where serve_grpc listens and the views call.
ARTICLES_TARGET = os.environ.get("ARTICLES_TARGET", "127.0.0.1:50053")
