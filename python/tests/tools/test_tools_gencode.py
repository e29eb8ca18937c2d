"""Generated files that the installed protobuf refuses: what our modules say about them."""
import pytest
from tools_support import SAMPLES, protoc, put_sample, run

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
