"""--upgrade_gencode: generated files of every protoc become what the compiler would write for their .proto files."""
import pytest
from tools_support import SAMPLES, VERSIONS, protoc, put_sample, run

USE = """
from shop import money_pb2, orders_pb2
order = orders_pb2.Order(id="1", lines=[dict(title="a", price=dict(units=5))], stock={"x": 1}, state=orders_pb2.OLD)
order.made.seconds = 7
assert orders_pb2.Order.FromString(order.SerializeToString()) == order
print(order.lines[0].price.units, orders_pb2.Order.__module__, orders_pb2.State.Name(2))
"""


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    assert protoc(f"-I{SAMPLES}", f"--python_out={folder}", f"--grpc_python_out={folder}", "shop/money.proto",
                  "shop/orders.proto", cwd=SAMPLES).returncode == 0
    return folder / "shop"


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_every_version(version, tmp_path, fresh):
    place = put_sample(version, tmp_path)
    old = (place / "orders_pb2.py").read_bytes()
    done = protoc("--upgrade_gencode", "shop/orders_pb2.py", "shop/money_pb2.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("orders_pb2.py", "money_pb2.py"):
        assert (place / name).read_text() == (fresh / name).read_text()
    assert (place / "orders_pb2.py.bak").read_bytes() == old
    assert run(USE, tmp_path).stdout == "5 shop.orders_pb2 OLD\n"


def test_a_second_run_changes_nothing(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    for _ in range(2):
        done = protoc("--upgrade_gencode", "shop", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        names = {path.name for path in place.iterdir()}
        assert names == {"money_pb2.py", "money_pb2.py.bak", "orders_pb2.py", "orders_pb2.py.bak"}
    assert done.stdout.count("is as it should be") == 2


def test_other_files_of_a_folder_are_left(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    (place / "mine_pb2.py").write_text("from shop.money_pb2 import *\n")
    done = protoc("--upgrade_gencode", ".", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "mine_pb2.py: is no file of protoc's" in done.stdout
    assert (place / "mine_pb2.py").read_text() == "from shop.money_pb2 import *\n"


def test_older_copies_are_kept(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    (place / "money_pb2.py.bak").write_text("older")
    assert protoc("--upgrade_gencode", "shop/money_pb2.py", cwd=tmp_path).returncode == 0
    assert (place / "money_pb2.py.bak").read_text() == "older"
    assert "_descriptor.FileDescriptor(" in (place / "money_pb2.py.bak2").read_text()


@pytest.mark.parametrize("words", [["--upgrade_gencode=grpc", "shop/orders_pb2.py"],
                                   ["--upgrade_gencode", "shop/orders_pb2_grpc.py"]])
def test_services(words, tmp_path, fresh):
    place = put_sample("3.12.2", tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    done = protoc(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (place / "orders_pb2_grpc.py").read_text() == (fresh / "orders_pb2_grpc.py").read_text()
    assert (place / "orders_pb2_grpc.py.bak").exists()
    assert (place / "orders_pb2.py.bak").exists() == (words[0] == "--upgrade_gencode=grpc")


def test_services_stay_when_nobody_asks(tmp_path):
    place = put_sample("3.12.2", tmp_path, ("money_pb2", "orders_pb2", "orders_pb2_grpc"))
    old = (place / "orders_pb2_grpc.py").read_bytes()
    assert protoc("--upgrade_gencode", "shop/orders_pb2.py", cwd=tmp_path).returncode == 0
    assert (place / "orders_pb2_grpc.py").read_bytes() == old


def test_without_the_imported_modules(tmp_path, fresh):
    place = put_sample("3.12.2", tmp_path, ("orders_pb2",))
    assert protoc("--upgrade_gencode", "shop/orders_pb2.py", cwd=tmp_path).returncode == 0
    assert (place / "orders_pb2.py").read_text() == (fresh / "orders_pb2.py").read_text()


def test_imports_that_were_edited_stay_so(tmp_path):
    put_sample("3.12.2", tmp_path)
    (tmp_path / "shop").rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "moved" / "money_pb2.py").rename(tmp_path / "elsewhere" / "money_pb2.py")
    path = tmp_path / "moved" / "orders_pb2.py"
    path.write_text(path.read_text().replace("from shop import money_pb2 as", "from elsewhere import money_pb2 as"))
    assert protoc("--upgrade_gencode", "moved/orders_pb2.py", "elsewhere/money_pb2.py", cwd=tmp_path).returncode == 0
    code = USE.replace("from shop import money_pb2, orders_pb2", "from moved import orders_pb2")
    assert run(code, tmp_path).stdout == "5 moved.orders_pb2 OLD\n"


def test_nothing_of_the_file_runs(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    path = place / "money_pb2.py"
    path.write_text("open('ran', 'w')\nraise SystemExit(3)\n" + path.read_text())
    assert protoc("--upgrade_gencode", "shop/money_pb2.py", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "ran").exists()


PROTO2 = r"""# -*- coding: utf-8 -*-
from google.protobuf import descriptor_pool as _descriptor_pool
DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(%r)
"""


def test_proto2_with_extensions_of_files_that_are_missing(tmp_path):
    from google.protobuf import descriptor_pb2
    file = descriptor_pb2.FileDescriptorProto(name="two.proto", package="two", dependency=["far/options.proto", "b.proto"])
    message = file.message_type.add(name="A")
    message.field.add(name="kind", number=1, label=1, type=14, type_name=".far.away.Kind", default_value="BIG")
    message.field.add(name="inner", number=2, label=2, type=11, type_name=".far.away.Outer.Inner")
    message.field.add(name="other", number=3, label=1, type=11, type_name=".b.B").options.deprecated = True
    file.extension.add(name="more", number=1000, label=1, type=5, extendee=".b.B")
    (tmp_path / "two_pb2.py").write_text(PROTO2 % file.SerializeToString())
    done = protoc("--upgrade_gencode", "two_pb2.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "two_pb2.py").read_text()
    assert "from far import options_pb2 as far_dot_options__pb2" in text
    from grpc_tools import _upgrade
    assert _upgrade.read_descriptor(tmp_path / "two_pb2.py").message_type == file.message_type


@pytest.mark.parametrize("arguments, words", [
    (["--upgrade_gencode"], ["usage: python -m grpc_tools.protoc --upgrade_gencode"]),
    (["--upgrade_gencode", "gone_pb2.py"], ["gone_pb2.py: error: no such file"]),
    (["--upgrade_gencode", "empty"], ["no x_pb2.py"]),
    (["--upgrade_gencode", "plain.py"], ["plain.py: error: there is no serialized descriptor"]),
    (["--upgrade_gencode", "broken.py"], ["broken.py: error: it is no Python"]),
    (["--upgrade_gencode", "damaged.py"], ["damaged.py: error: the descriptor in it is damaged"]),
    (["--upgrade_gencode", "a.proto"], ["compile .proto files instead"]),
    (["--upgrade_gencode", "shop/money_pb2_grpc.py"], ["shop/money.proto has no services"]),
    (["--upgrade_gencode", "--python_out=.", "shop/money_pb2.py"], ["--python_out=. does not go with"]),
])
def test_errors(arguments, words, tmp_path):
    place = put_sample("35.1", tmp_path)
    (place / "money_pb2_grpc.py").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.proto").write_text("")
    (tmp_path / "plain.py").write_text("print(1)\n")
    (tmp_path / "broken.py").write_text("def\n")
    (tmp_path / "damaged.py").write_text("x.AddSerializedFile(b'\\x0a\\xff')\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    done = protoc(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.py")} == before


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    place = put_sample("3.12.2", tmp_path)
    done = protoc("--upgrade_gencode", "gone_pb2.py", "shop", cwd=tmp_path)
    assert done.returncode == 1
    assert (place / "money_pb2.py.bak").exists() and (place / "orders_pb2.py.bak").exists()
