"""The programs of examples/python that need nothing but grpc and protobuf."""
import re
import subprocess

import pytest
from examples_support import REPOSITORY, SECONDS, examples, kind, run, start  # noqa: F401 (fixtures)


def test_greeter(examples, start, kind):
    server = start(examples / f"greeter/greeter_server{kind}.py", "127.0.0.1:0")
    assert run(examples / "greeter/greeter_client.py", "世界", server.target) == "Hello, 世界\n"
    assert run(examples / "greeter/greeter_client_aio.py", server.target) == "Hello, world\nHello, 世界\n"


def test_route_guide(examples, start, kind):
    server = start(examples / f"route_guide/route_guide_server{kind}.py", "127.0.0.1:0")
    notes = []
    for client in ("", "_aio"):
        lines = run(examples / f"route_guide/route_guide_client{client}.py", server.target).splitlines()
        assert lines[:3] == ["GetFeature: Abu Dhabi", "ListFeatures: 33 places in Europe, the first is Algiers",
                             "RecordRoute: 15 points, 15 features, 84276 km"]
        notes.append(len(lines[3:]))
    assert notes == [3, 12]  # 0 + 1 + 2, and with the three of the first client 3 + 4 + 5
    assert (server.stop(), server.output.count("\n")) == (0, 1)


def articles_of(examples, database, count):
    return run(examples / "articles/make_articles.py", "--db", database, count)


def check_articles(examples, target):
    """What every article server must answer, with 25 articles."""
    def client(*arguments, **options):
        return run(examples / "articles/articles_client.py", "--target", target, *arguments, **options)

    page = client("list").splitlines()
    assert len(page) == 10
    number, when, title = page[0].split("\t")
    assert (number, title) == ("25", "文章 25: a long flight") and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", when)
    assert [line.split("\t")[0] for line in client("list", "--page", 3).splitlines()] == list("54321")
    assert client("list", "--page", 4, "--page-size", 100) == ""
    assert client("get", 2).endswith(")\n\n" + 2 * ("斑尾塍鹬从阿拉斯加一直飞到新西兰，途中不休息。\n"
                                                 "The bar-tailed godwit flies from Alaska to New Zealand without a rest.\n"))
    assert client("get", 26, code=1) == "error: NOT_FOUND: there is no article 26\n"
    assert client("list", "--page", -1, code=1) == "error: INVALID_ARGUMENT: page is -1: pages count from 1\n"
    assert client("list", "--page-size", 101, code=1) == "error: INVALID_ARGUMENT: page_size is 101: it must be 1 to 100\n"
    several = run(examples / "articles/articles_client_aio.py", target).splitlines()
    assert len(several) == 5 and several[0].startswith("25\t文章 25: a long flight: ")


def test_articles(examples, start, kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("articles")
    assert articles_of(examples, folder / "a.db", 25) == f"25 articles added to {folder / 'a.db'}\n"
    server = start(examples / f"articles/articles_server{kind}.py", "--db", folder / "a.db", "--listen", "127.0.0.1:0")
    check_articles(examples, server.target)
    assert (server.stop(), server.output.count("\n")) == (0, 1)


def test_article_store_that_fails(examples, start, kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("articles")
    articles_of(examples, folder / "a.db", 1)
    server = start(examples / f"articles/articles_server{kind}.py", "--db", folder / "a.db", "--listen", "127.0.0.1:0")
    run("-c", "import sqlite3; sqlite3.connect('a.db').execute('DROP TABLE article')", cwd=folder)
    assert run(examples / "articles/articles_client.py", "--target", server.target, "list", code=1) == \
        "error: UNAVAILABLE: the article store can't be reached now\n"
    assert server.stop() == 0 and "no such table: article" in server.output


def cpp_program(name):
    for build in ("dev", "release"):
        if (path := REPOSITORY / "build" / build / "bin" / name).exists():
            return path
    pytest.skip(f"{name} is not built")


def test_articles_of_the_cpp_server(examples, start, tmp_path):
    """The same file, served by the C++ server and by Python's; each client reads from the other's server."""
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / "texts" / f"{number}.md").write_text(f"# 第{number}篇\ntext\n", encoding="utf-8")
    database = tmp_path / "articles.db"
    subprocess.run([cpp_program("articles_server"), "import", tmp_path / "texts", "--db", database], check=True,
                   capture_output=True)
    server = start(examples / "articles/articles_server.py", "--db", database, "--listen", "127.0.0.1:0")
    listed = subprocess.run([cpp_program("articles_client"), "--target", server.target, "list"], check=True,
                            capture_output=True, text=True, encoding="utf-8").stdout
    assert [line.split("\t")[2] for line in listed.splitlines()] == ["第2篇", "第1篇", "第0篇"]
    assert listed == run(examples / "articles/articles_client.py", "--target", server.target, "list")


ALONE_AND_CHAINED = ["", "log", "time", "token", "retry", "retry,token,time,log"]


@pytest.mark.parametrize("client", ["client", "client_aio"])
@pytest.mark.parametrize("server, uses", [("", uses) for uses in ALONE_AND_CHAINED] + [("_aio", "log,time,token,retry")])
def test_client_interceptors(examples, shared_greetings, client, server, uses):
    logs = []
    output = run(examples / f"interceptors/{client}.py", "--target", shared_greetings(server).target, "--use", uses, logs=logs)
    assert output.splitlines() == \
        ["Hello, godwit", "the handler took some time", "Hello, godwit", "你好, godwit", "Bonjour, godwit"]
    logs = [re.sub(r"[\d.]+ ms", "N ms", line) for line in logs]
    method = "client: /greetings.Greetings/Greet"
    assert (f"{method}: OK" in logs) == ("log" in uses), logs
    if client == "client_aio":  # on threads, the program may be over before the end of its last call is written down
        assert (f"{method}InAll: OK" in logs) == ("log" in uses), logs
    assert (f"{method} took N ms" in logs) == ("time" in uses), logs
    assert len(logs) <= 4


@pytest.fixture(scope="module")
def shared_greetings(examples, start):
    servers = {}

    def server(kind):
        if kind not in servers:
            servers[kind] = start(examples / f"interceptors/server{kind}.py", "--listen", "127.0.0.1:0", "--use", "log,time")
        return servers[kind]

    return server


@pytest.mark.parametrize("client", ["client", "client_aio"])
def test_server_interceptors(examples, start, kind, client):
    """Authentication outermost: what is refused is not logged. The retries find the server busy twice."""
    server = start(examples / f"interceptors/server{kind}.py", "--listen", "127.0.0.1:0", "--use", "auth,log", "--busy", 2)

    def call(uses, **options):
        return run(examples / f"interceptors/{client}.py", "--target", server.target, "--use", uses, **options)

    assert call("", code=1) == "error: UNAUTHENTICATED: the token is missing or wrong\n"
    assert call("token", code=1) == "error: UNAVAILABLE: too busy\n"
    logs = []
    assert call("retry,token", logs=logs).splitlines() == \
        ["Hello, godwit", "nobody took the time", "Hello, godwit", "你好, godwit", "Bonjour, godwit"]
    assert logs == ["client: /greetings.Greetings/Greet: attempt 1 found too busy"]
    server.stop()
    assert [line for line in server.output.splitlines() if line.startswith("server: ")] == \
        2 * ["server: /greetings.Greetings/Greet from ipv4: UNAVAILABLE"] + \
        ["server: /greetings.Greetings/Greet from ipv4: OK", "server: /greetings.Greetings/GreetInAll from ipv4: OK"]


def test_metadata(examples, start, kind):
    server = start(examples / f"metadata/metadata_server{kind}.py", "127.0.0.1:0")
    expected = ["initial served-by: 'metadata_server'", "initial languages-seen: '2'", "你好, 世界",
                r"trailing checksum-bin: b'\x00\x7f\xff'", "trailing motto-bin: '不落地'"]
    assert run(examples / "metadata/metadata_client.py", server.target).splitlines() == 2 * expected
    server.stop()
    assert sorted(server.output.splitlines()[1:]) == sorted(
        2 * ["the client sent language: 'zh'", "the client sent language: 'en'", r"the client sent trace-bin: b'\x01\x02\xff'"])


@pytest.fixture(scope="session")
def certificates(examples):
    subprocess.run([examples / "tls/make_certificates.sh"], check=True, capture_output=True, timeout=SECONDS)


def test_tls(examples, start, kind, certificates):
    aio = ["--aio"] if kind else []
    server = start(examples / "tls/tls_server.py", "--listen", "127.0.0.1:0", *aio)
    for host in ("localhost", "127.0.0.1"):
        assert run(examples / "tls/tls_client.py", "--target", f"{host}:{server.port}") == \
            2 * "Hello, 世界; I see somebody without a certificate\n"


def test_mutual_tls(examples, start, kind, certificates):
    aio = ["--aio"] if kind else []
    server = start(examples / "tls/tls_server.py", "--listen", "127.0.0.1:0", "--mutual", *aio)
    client, target = examples / "tls/tls_client.py", f"localhost:{server.port}"
    assert run(client, "--target", target, "--mutual") == 2 * "Hello, 世界; I see client of an example\n"
    assert run(client, "--target", target, code=1) == "error: UNAVAILABLE\n"


def test_messages(examples):
    assert run(examples / "messages/messages.py") == """\
红楼梦 (NOVEL), 曹雪芹、高鹗
copies: 上海 2, 北京 3
state: shelf 甲
state: borrowed_by 李明 False
a year was set: False
a year was set: True
72 bytes
{"authors": ["曹雪芹", "高鹗"], "borrowedBy": "李明", "copies": {"上海": 2, "北京": 3}, "cover": "iVBORw==", \
"genre": "NOVEL", "title": "红楼梦", "year": 0}
李明
['诗经'] ['7']
TypeError
ValueError
ValueError
"""


def test_workers(examples, start):
    server = start(examples / "workers/workers_server.py", "127.0.0.1:0", 3)
    last = run(examples / "workers/workers_client.py", server.target, 60).splitlines()[-1]
    assert last == "3 processes answered"
    assert (server.stop(), server.output.count("\n")) == (0, 1)
