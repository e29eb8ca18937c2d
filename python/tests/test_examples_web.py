"""The Django project and the REST server of examples/python, in front of each other's article servers."""
import json
import shutil
import sqlite3
import urllib.error
import urllib.request

import grpc
import pytest
from examples_support import SECONDS, environment, examples, run, start  # noqa: F401 (fixtures)
from test_examples import check_articles


def get(web, path):
    """Status, content type and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{web.port}{path}", timeout=SECONDS) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        if error.code == 500:
            web.stop()
            pytest.fail(f"{path} failed: {web.output}")
        return error.code, error.headers["Content-Type"], error.read().decode()


def start_uvicorn(start, folder, application, **variables):
    return start("-m", "uvicorn", application, "--port", "0", cwd=folder, env=environment(**variables))


@pytest.fixture(scope="module")
def django(examples, start, tmp_path_factory):
    """The project with 25 articles: the function that runs manage.py, and the server of serve_grpc."""
    folder = examples / "django_articles"
    env = environment(ARTICLES_DB=str(tmp_path_factory.mktemp("django") / "articles.db"))

    def manage(*arguments, **options):
        return run(folder / "manage.py", *arguments, env=env, **options)

    assert "No changes detected" in manage("makemigrations", "--check", "--dry-run")
    manage("migrate")
    assert manage("make_articles", 25) == "25 articles added, 25 in all\n"
    manage.env = env
    server = start(folder / "manage.py", "serve_grpc", "--listen", "127.0.0.1:0", env=env)
    return manage, server


@pytest.fixture(scope="module")
def articles(examples, start, tmp_path_factory):
    """The article server of examples/python/articles with 25 articles."""
    database = tmp_path_factory.mktemp("articles") / "a.db"
    run(examples / "articles/make_articles.py", "--db", database, 25)
    return start(examples / "articles/articles_server_aio.py", "--db", database, "--listen", "127.0.0.1:0")


def test_django_serves_grpc(examples, django):
    _, server = django
    client = examples / "articles/articles_client.py"

    def call(*arguments, **options):
        return run(client, "--target", server.target, *arguments, **options)

    lines = [line.split("\t") for line in call("list", "--page", 3).splitlines()]
    assert [(line[0], line[2]) for line in lines] == [(str(i), f"文章 {i}") for i in (5, 4, 3, 2, 1)]
    assert call("get", 2).endswith(2 * "斑尾塍鹬从阿拉斯加一直飞到新西兰，途中不休息。\n")
    assert call("get", 26, code=1) == "error: NOT_FOUND: there is no article 26\n"
    assert call("list", "--page-size", 101, code=1) == "error: INVALID_ARGUMENT: page_size is 101: it must be 1 to 100\n"


@pytest.mark.parametrize("server", ["uvicorn", "runserver"])
def test_django_page(examples, start, django, server):
    manage, grpc_server = django
    folder = examples / "django_articles"
    variables = {**manage.env, "ARTICLES_TARGET": grpc_server.target}
    if server == "uvicorn":
        web = start_uvicorn(start, folder, "project.asgi:application", **variables)
    else:  # an event loop for each request, and the views have one channel for all of them
        if not hasattr(grpc, "_godwit"):
            pytest.skip("a channel of grpcio belongs to one event loop")
        web = start(folder / "manage.py", "runserver", "--noreload", "127.0.0.1:0", env=variables)
    for _ in range(2):
        status, content_type, text = get(web, "/articles/?page=3")
        assert (status, content_type) == (200, "application/json")
        assert [article["title"] for article in json.loads(text)["articles"]] == [f"文章 {i}" for i in (5, 4, 3, 2, 1)]
        assert '"title": "文章 5"' in text  # and not in escapes
        assert json.loads(get(web, "/articles/7/")[2])["id"] == 7
    assert get(web, "/articles/26/")[::2] == (404, '{"code": "NOT_FOUND", "detail": "there is no article 26"}')
    assert get(web, "/articles/?page=-1")[0] == 400
    assert get(web, "/articles/?page=x")[0] == 400
    assert get(web, "/articles/99999999999/")[0] == 404


def test_django_without_its_service(examples, start, django):
    manage, _ = django
    closed = "127.0.0.1:1"
    web = start_uvicorn(start, examples / "django_articles", "project.asgi:application",
                        **{**manage.env, "ARTICLES_TARGET": closed})
    status, _, text = get(web, "/articles/")
    assert (status, json.loads(text)["code"]) == (503, "UNAVAILABLE")


def test_django_and_the_other_article_servers_share_a_file(examples, start, django, tmp_path):
    manage, _ = django
    source = sqlite3.connect(manage.env["ARTICLES_DB"])
    source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    source.close()
    shutil.copy(manage.env["ARTICLES_DB"], tmp_path / "copy.db")
    server = start(examples / "articles/articles_server.py", "--db", tmp_path / "copy.db", "--listen", "127.0.0.1:0")
    assert run(examples / "articles/articles_client.py", "--target", server.target, "get", 1).startswith("文章 1 (")

    run(examples / "articles/make_articles.py", "--db", tmp_path / "other.db", 25)
    env = environment(ARTICLES_DB=str(tmp_path / "other.db"))
    folder = examples / "django_articles"
    run(folder / "manage.py", "migrate", "--fake-initial", env=env)
    server = start(folder / "manage.py", "serve_grpc", "--listen", "127.0.0.1:0", env=env)
    check_articles(examples, server.target)


def test_fastapi(examples, start, articles):
    web = start_uvicorn(start, examples / "fastapi_articles", "main:app", ARTICLES_TARGET=articles.target)
    status, content_type, text = get(web, "/articles?page=3")
    assert (status, content_type) == (200, "application/json")
    assert [article["id"] for article in json.loads(text)["articles"]] == [5, 4, 3, 2, 1] and "文章 5" in text
    assert json.loads(get(web, "/articles/7")[2])["title"] == "文章 7: a long flight"
    assert [get(web, "/articles/26")[i] for i in (0, 2)] == \
        [404, '{"code":"NOT_FOUND","detail":"there is no article 26"}']
    assert get(web, "/articles?page=-1")[0] == 400
    assert get(web, "/articles?page_size=101")[0] == 400
    assert get(web, "/articles/99999999999")[0] == 422
    assert "ArticlePage" in get(web, "/openapi.json")[2]
    assert web.stop() in (0, -15)  # uvicorn sends itself the signal again once it has shut down
    assert "Application shutdown complete" in web.output and "Traceback" not in web.output


IN_THE_TEST_CLIENT = """
from fastapi.testclient import TestClient
import main
for _ in range(2):  # a thread and an event loop of its own each time
    with TestClient(main.app) as client:
        print([article["id"] for article in client.get("/articles", params={"page_size": 3}).json()["articles"]])
        print(client.get("/articles/26").status_code)
"""


def test_fastapi_in_its_test_client(examples, articles):
    warnings = []  # of the test client, about httpx
    output = run("-c", IN_THE_TEST_CLIENT, cwd=examples / "fastapi_articles", env=environment(ARTICLES_TARGET=articles.target),
                 logs=warnings)
    assert output == 2 * "[25, 24, 23]\n404\n"


def test_fastapi_without_its_service(examples, start):
    web = start_uvicorn(start, examples / "fastapi_articles", "main:app", ARTICLES_TARGET="127.0.0.1:1")
    status, _, text = get(web, "/articles")
    assert (status, json.loads(text)["code"]) == (503, "UNAVAILABLE")
