"""Generated files that the installed protobuf refuses: what our modules say about them."""
import pytest
from tools_support import SAMPLES, VERSIONS, protoc, put_sample, run

@pytest.fixture
def shop(tmp_path):
    """The package shop with our own modules."""
    assert protoc(f"-I{SAMPLES}", f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", "shop/money.proto",
                  "shop/orders.proto", cwd=SAMPLES).returncode == 0
    return tmp_path / "shop"


def newer(path):
    path.write_text(path.read_text().replace("    7,\n    35,", "    99,\n    0,"))


CURE = "python -m grpc_tools.protoc --upgrade_gencode shop/money_pb2.py"


def test_old_code_under_our_services(shop):
    put_sample("3.12.2", shop.parent, ("money_pb2",))
    done = run("import shop.orders_pb2_grpc", shop.parent)
    assert "TypeError: Descriptors cannot be created directly" in done.stderr
    assert CURE in done.stderr


def test_newer_code_under_our_services(shop):
    put_sample("35.1", shop.parent, ("money_pb2",))
    newer(shop / "money_pb2.py")
    done = run("""
from google.protobuf import runtime_version
try:
    from shop import orders_pb2_grpc
except runtime_version.VersionError as error:
    print(error)
""", shop.parent)
    assert "shop/money_pb2.py" in done.stdout and "--upgrade_gencode" in done.stdout, done.stderr


def test_the_cure_helps(shop):
    put_sample("35.1", shop.parent, ("money_pb2",))
    newer(shop / "money_pb2.py")
    assert protoc("--upgrade_gencode", "shop/orders_pb2.py", "shop/money_pb2.py", cwd=shop.parent).returncode == 0
    done = run("from shop import orders_pb2_grpc; print(orders_pb2_grpc.OrdersStub.__name__)", shop.parent)
    assert done.stdout == "OrdersStub\n", done.stderr


TALK = """
import asyncio
from concurrent import futures
import grpc
from shop import orders_pb2_grpc, orders_pb2, money_pb2

def total(orders):
    return money_pb2.Money(units=sum(line.price.units for order in orders for line in order.lines))

class Orders(orders_pb2_grpc.OrdersServicer):
    def Total(self, orders, context):
        return total(orders)

class AsyncOrders(orders_pb2_grpc.OrdersServicer):
    async def Total(self, orders, context):
        return total([order async for order in orders])

async def talk():
    server = grpc.aio.server()
    orders_pb2_grpc.add_OrdersServicer_to_server(AsyncOrders(), server)
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        reply = await orders_pb2_grpc.OrdersStub(channel).Total(iter([order, order]), timeout=30)
    await server.stop(None)
    return reply.units

order = orders_pb2.Order(lines=[dict(price=dict(units=21))])
server = grpc.server(futures.ThreadPoolExecutor(1))
orders_pb2_grpc.add_OrdersServicer_to_server(Orders(), server)
port = server.add_insecure_port("localhost:0")
server.start()
with grpc.insecure_channel(f"localhost:{port}") as channel:
    reply = orders_pb2_grpc.OrdersStub(channel).Total(iter([order, order]), timeout=30)
server.stop(None).wait()
print(reply.units, asyncio.run(talk()))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_with_modules_of_every_version(version, tmp_path):
    put_sample(version, tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    done = run(TALK, tmp_path)
    if version in ("3.6.1", "3.12.2"):
        assert done.returncode == 1
        do_what_it_says(done.stderr, tmp_path)
        done = run(TALK, tmp_path)
    assert done.stdout == "42 42\n", done.stderr


def do_what_it_says(text, cwd):
    """Types the one command that the error names."""
    [command] = [line.split() for line in text.splitlines() if line.startswith("    python -m ")]
    assert command[:3] == ["python", "-m", "grpc_tools.protoc"]
    done = protoc(*command[3:], cwd=cwd)
    assert done.returncode == 0, done.stderr
    return command[4:]


@pytest.mark.parametrize("version", ["3.12.2", "35.1"])
def test_modules_of_other_compilers_alone(version, tmp_path):
    place = put_sample(version, tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    if version == "35.1":
        newer(place / "money_pb2.py")
        newer(place / "orders_pb2.py")
    done = run(TALK, tmp_path)
    assert done.returncode == 1 and "During handling" not in done.stderr and "direct cause" not in done.stderr
    # Both, since both will be refused.
    assert sorted(do_what_it_says(done.stderr, tmp_path)) == ["shop/money_pb2.py", "shop/orders_pb2.py"]
    done = run(TALK, tmp_path)
    assert done.stdout == "42 42\n", done.stderr


def test_beside_each_other_with_edited_imports(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    for old, new in (("from shop import", "from . import"), ("from shop import", "import")):
        path = place / "orders_pb2.py"
        path.write_text((SAMPLES / "protoc-3.12.2" / "orders_pb2.txt").read_text().replace(old, new))
        program, cwd = ("import grpc, orders_pb2", place) if new == "import" else ("import grpc, shop.orders_pb2", tmp_path)
        (place / "money_pb2.py").write_bytes((SAMPLES / "protoc-3.12.2" / "money_pb2.txt").read_bytes())
        done = run(program, cwd)
        assert len(do_what_it_says(done.stderr, cwd)) == 2
        assert run(program, cwd).returncode == 0


def test_what_is_taken_stays_as_it_is(tmp_path):
    # Only the refused file is named, not the one that imports it.
    put_sample("25.0", tmp_path)
    (tmp_path / "shop" / "money_pb2.py").write_bytes((SAMPLES / "protoc-3.12.2" / "money_pb2.txt").read_bytes())
    done = run("import grpc.aio, shop.orders_pb2", tmp_path)
    assert do_what_it_says(done.stderr, tmp_path) == ["shop/money_pb2.py"]


def test_imports_of_generated_modules_are_as_ever(shop):
    done = run("""
import importlib, importlib.machinery, importlib.util, sys
import grpc
from shop import money_pb2
assert type(money_pb2.__loader__) is type(money_pb2.__spec__.loader) is importlib.machinery.SourceFileLoader
assert "exec_module" not in vars(money_pb2.__loader__)
assert importlib.util.find_spec("shop.gone_pb2") is None
importlib.reload(money_pb2)
importlib.reload(grpc)
for name in [name for name in sys.modules if name.startswith(("grpc", "shop"))]:
    del sys.modules[name]
import grpc, shop.orders_pb2
print([getattr(each, "__name__", "") for each in sys.meta_path].count("GencodeFinder"))
""", shop.parent)
    assert done.stdout == "1\n", done.stderr


def test_a_protobuf_without_what_the_file_imports(shop):
    # As the import statement of newer code where google.protobuf has no runtime_version.
    (shop / "money_pb2.py").write_text("from google.protobuf import runtime_version_\n")
    done = run("import shop.orders_pb2_grpc", shop.parent)
    assert "ImportError: cannot import name 'runtime_version_'" in done.stderr and "--upgrade_gencode" in done.stderr


def test_protos_of_a_file_that_imports_old_code(tmp_path):
    put_sample("3.12.2", tmp_path, ("money_pb2",))
    (tmp_path / "shop" / "money.proto").write_bytes((SAMPLES / "shop" / "money.proto").read_bytes())
    (tmp_path / "shop" / "orders.proto").write_bytes((SAMPLES / "shop" / "orders.proto").read_bytes())
    done = run("import grpc; grpc.protos('shop/orders.proto')", tmp_path)
    assert CURE in done.stderr


@pytest.mark.parametrize("text, word", [
    ("import missing_of_mine", "ModuleNotFoundError: No module named 'missing_of_mine'"),
    ("raise TypeError('mine')", "TypeError: mine"),
    ("from google.protobuf import nothing", "cannot import name 'nothing'"),
])
def test_other_errors_stay_as_they_are(text, word, shop):
    (shop / "money_pb2.py").write_text(text + "\n")
    done = run("import shop.orders_pb2_grpc", shop.parent)
    assert word in done.stderr and "upgrade_gencode" not in done.stderr


def test_services_of_the_reference(tmp_path):
    put_sample("35.1", tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    done = run("from shop import orders_pb2_grpc; print(orders_pb2_grpc.OrdersStub.__name__)", tmp_path)
    assert done.stdout == "OrdersStub\n", done.stderr


def test_services_of_a_newer_grpcio(tmp_path):
    place = put_sample("35.1", tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    path = place / "orders_pb2_grpc.py"
    path.write_text(path.read_text().replace("GRPC_GENERATED_VERSION = '1.85.1'", "GRPC_GENERATED_VERSION = '1.99.0'"))
    done = run("from shop import orders_pb2_grpc; print(orders_pb2_grpc.GRPC_GENERATED_VERSION)", tmp_path)
    assert done.stdout == "1.99.0\n", done.stderr


def test_versions_are_compared():
    from grpc._utilities import first_version_is_lower
    assert first_version_is_lower("1.9.0", "1.60.0") and not first_version_is_lower("1.60.0", "1.60.0")
