"""Generated modules import wherever they are put, as they are and after the edits that tutorials show."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import zipfile

import support

FLAT = ["plain.proto", "plain_user.proto", "odd-name.proto", "v1.beta.proto"]
TREE = ["plain.proto", "common/base.proto", "common/exported.proto", "shop/v1/item.proto", "shop/v1/shop.proto"]

# One call through a server and a stub of these modules, so that both modules' message classes have to fit.
CALL = """
import grpc, sys
from concurrent import futures

def echo(pb2, pb2_grpc):
    class Plains(pb2_grpc.PlainsServicer):
        def Echo(self, request, context):
            assert type(request) is pb2.Plain
            return pb2.Plain(text=request.text + '!')
    server = grpc.server(futures.ThreadPoolExecutor(1))
    pb2_grpc.add_PlainsServicer_to_server(Plains(), server)
    port = server.add_insecure_port('127.0.0.1:0')
    server.start()
    with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:
        assert pb2_grpc.PlainsStub(channel).Echo(pb2.Plain(text='a')).text == 'a!'
    server.stop(None)

def loaded(*names):
    found = sorted(n for n in sys.modules if n.endswith(('_pb2', '_pb2_grpc')) and not n.startswith('google.'))
    assert found == sorted(names), found
"""


class LayoutsTest(unittest.TestCase):
    def setUp(self):
        self.pythons = support.need_python()
        folder = tempfile.TemporaryDirectory(prefix="godwit-layout-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make(self, protos, below="", init=True, flatten=False):
        """Generates `protos` and puts the result into a folder below the test's own; packages unless not `init`."""
        target = self.folder / below
        target.mkdir(parents=True, exist_ok=True)
        for proto in protos:
            stem = support.module_of(proto).replace(".", "/")
            for ending in (".py", "_grpc.py"):
                source = support.generated() / f"{stem}{ending}"
                place = target / (source.name if flatten else f"{stem}{ending}")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, place)
        if init:
            for path in target.rglob("*"):
                if path.is_dir():
                    (path / "__init__.py").touch()
            path = target
            while path != self.folder:
                (path / "__init__.py").touch()
                path = path.parent

    def check(self, code, path=".", only=None):
        (self.folder / "main.py").write_text(CALL + code)
        entries = ":".join(str(self.folder / p) for p in path.split(":"))
        for name, python in self.pythons[-1:] if only == "newest" else self.pythons:
            with self.subTest(python=name):
                done = support.run([python, "-c", f"import sys; sys.path[:0] = {entries.split(':')!r}; "
                                    f"exec(open({str(self.folder / 'main.py')!r}).read())"])
                said = [line for line in done.stderr.splitlines() if "goaway" not in line and "absl::" not in line]
                self.assertEqual((done.returncode, said), (0, []), done.stderr)

    def test_beside_each_other(self):
        self.make(FLAT, init=False)
        self.check("import plain_pb2, plain_pb2_grpc, plain_user_pb2_grpc\n"
                   "echo(plain_pb2, plain_pb2_grpc)\n"
                   "import odd_name_pb2, plain_user_pb2\n"
                   "assert plain_user_pb2.Plain is plain_pb2.Plain\n"
                   "assert plain_user_pb2.PlainUser(odd=odd_name_pb2.Odd(x=1)).odd.x == 1\n"
                   "loaded('plain_pb2', 'plain_pb2_grpc', 'plain_user_pb2', 'plain_user_pb2_grpc', 'odd_name_pb2', 'v1.beta_pb2')")

    def test_in_a_package(self):
        self.make(FLAT, "pkg")
        self.check("from pkg import plain_pb2, plain_pb2_grpc, plain_user_pb2_grpc\n"
                   "echo(plain_pb2, plain_pb2_grpc)\n"
                   "assert plain_pb2.Plain.__module__ == 'pkg.plain_pb2'\n"
                   "import pickle; assert pickle.loads(pickle.dumps(plain_pb2.Plain(text='x'))).text == 'x'\n"
                   "loaded('pkg.plain_pb2', 'pkg.plain_pb2_grpc', 'pkg.plain_user_pb2', 'pkg.plain_user_pb2_grpc',\n"
                   "       'pkg.odd_name_pb2', 'pkg.v1.beta_pb2')")

    def test_in_a_namespace_package(self):
        self.make(FLAT, "space/inner", init=False)
        self.check("import space.inner.plain_pb2_grpc as g, space.inner.plain_pb2 as m\necho(m, g)\n"
                   "loaded('space.inner.plain_pb2', 'space.inner.plain_pb2_grpc')")

    def test_folders_as_the_protos_have_them(self):
        self.make(TREE, init=False)
        self.check("from shop.v1 import shop_pb2, shop_pb2_grpc\nimport plain_pb2, plain_pb2_grpc\n"
                   "echo(plain_pb2, plain_pb2_grpc)\n"
                   "loaded('common.base_pb2', 'common.exported_pb2', 'plain_pb2', 'plain_pb2_grpc', 'shop.v1.item_pb2',\n"
                   "       'shop.v1.shop_pb2', 'shop.v1.shop_pb2_grpc')")

    def test_the_tree_below_a_package(self):
        for init in (True, False):
            self.make(TREE, "app/gen", init=init)
            self.check("import app.gen.shop.v1.shop_pb2_grpc as g\n"
                       "from app.gen import plain_pb2, plain_pb2_grpc\necho(plain_pb2, plain_pb2_grpc)\n"
                       "assert g.common_dot_base__pb2.Exported\n"
                       "loaded(*('app.gen.' + n for n in ('common.base_pb2', 'common.exported_pb2', 'plain_pb2', 'plain_pb2_grpc',\n"
                       "       'shop.v1.item_pb2', 'shop.v1.shop_pb2', 'shop.v1.shop_pb2_grpc')))")
            shutil.rmtree(self.folder / "app")

    def test_a_folder_of_the_tree_flattened(self):
        # shop/v1/shop_pb2.py and its neighbours lie directly in a package, or at the top; what they import lies elsewhere.
        rest = [p for p in TREE if not p.startswith("shop/")]
        self.make([p for p in TREE if p.startswith("shop/")], "pkg", flatten=True)
        self.make(rest, init=False)
        self.check("from pkg import shop_pb2, shop_pb2_grpc\nassert shop_pb2_grpc.shop_dot_v1_dot_shop__pb2 is shop_pb2\n"
                   "loaded('common.base_pb2', 'common.exported_pb2', 'plain_pb2', 'pkg.item_pb2', 'pkg.shop_pb2', 'pkg.shop_pb2_grpc')")
        self.check("import shop_pb2, shop_pb2_grpc\nassert shop_pb2_grpc.shop_dot_v1_dot_shop__pb2 is shop_pb2\n", ".:pkg")

    def test_a_package_and_its_folder_on_the_path(self):
        # The same file under two names: the messages are still of one class.
        self.make(FLAT, "pkg")
        self.check("import plain_pb2\nfrom pkg import plain_pb2_grpc\necho(plain_pb2, plain_pb2_grpc)\n"
                   "import pkg.plain_pb2\nassert pkg.plain_pb2.Plain is plain_pb2.Plain", ".:pkg")

    def test_messages_on_the_path_and_services_in_a_package(self):
        self.make(FLAT, init=False)
        (self.folder / "services").mkdir()
        (self.folder / "plain_pb2_grpc.py").rename(self.folder / "services/plain_pb2_grpc.py")
        self.check("import plain_pb2\nfrom services import plain_pb2_grpc\necho(plain_pb2, plain_pb2_grpc)\n"
                   "loaded('plain_pb2', 'services.plain_pb2_grpc')")

    def test_in_an_archive(self):
        self.make(FLAT, "in/pkg")
        with zipfile.ZipFile(self.folder / "a.zip", "w") as archive:
            for path in (self.folder / "in").rglob("*.py"):
                archive.write(path, path.relative_to(self.folder / "in"))
        self.check("from pkg import plain_pb2, plain_pb2_grpc\necho(plain_pb2, plain_pb2_grpc)", "a.zip")

    def test_loaded_from_a_file_without_a_package(self):
        self.make(["plain.proto"], init=False)
        self.check(f"import importlib.util as u\n"
                   f"spec = u.spec_from_file_location('nowhere.plain_pb2_grpc', {str(self.folder / 'plain_pb2_grpc.py')!r})\n"
                   "module = u.module_from_spec(spec); spec.loader.exec_module(module)\n"
                   "import plain_pb2\necho(plain_pb2, module)\n"
                   f"names = {{}}; exec(open({str(self.folder / 'plain_pb2_grpc.py')!r}).read(), names)\n"
                   "assert names['plain__pb2'] is plain_pb2")

    def test_edited_by_sed(self):
        scripts = [r"s/^import \(.*_pb2\) as/from . import \1 as/", r"s/^import .*_pb2 as/from . &/",
                   r"s/import plain_pb2 as plain__pb2/from . import plain_pb2 as plain__pb2/",
                   r"s/^import plain_pb2/from pkg import plain_pb2/", r"s/^\(import.*pb2\)/from . \1/g",
                   r"s/import \(.*\)_pb2 as/from pkg import \1_pb2 as/"]
        for script in scripts:
            with self.subTest(script=script):
                self.make(["plain.proto"], "pkg")
                file = self.folder / "pkg/plain_pb2_grpc.py"
                before = file.read_text()
                subprocess.run(["sed", "-i", script, file], check=True)
                self.assertNotEqual(before, file.read_text())
                self.check("from pkg import plain_pb2, plain_pb2_grpc\necho(plain_pb2, plain_pb2_grpc)", only="newest")

    def test_edited_by_hand(self):
        line = "import plain_pb2 as plain__pb2"
        for edit, package in (("from . import plain_pb2 as plain__pb2", "pkg"), ("from pkg import plain_pb2 as plain__pb2", "pkg"),
                              ("import pkg.plain_pb2 as plain__pb2", "pkg"),
                              ("from other.gen import plain_pb2 as plain__pb2", "other/gen")):
            with self.subTest(edit=edit):
                self.make(["plain.proto"], package)
                grpc_file = self.folder / package / "plain_pb2_grpc.py"
                lines = grpc_file.read_text().split("\n")
                self.assertEqual(lines.count(line), 1)
                (self.folder / "services").mkdir(exist_ok=True)
                place = self.folder / "services/plain_pb2_grpc.py" if package != "pkg" else grpc_file
                place.write_text("\n".join(edit if text == line else text for text in lines))
                module = ".".join(place.relative_to(self.folder).with_suffix("").parts)
                self.check(f"import {module} as g, {package.replace('/', '.')}.plain_pb2 as m\necho(m, g)", only="newest")

    def test_what_a_module_misses_is_said(self):
        # The messages' module is there, and what it needs is not: the error names that, not the module.
        self.make(["plain_user.proto", "plain.proto"], "pkg")
        (self.folder / "main.py").write_text("from pkg import plain_user_pb2_grpc")
        for broken, error in (("", "ModuleNotFoundError: No module named 'odd_name_pb2'"),
                              ("from pkg import nothing", "ImportError: cannot import name 'nothing' from 'pkg'"),
                              ("import google.protobuf.nothing",
                               "ModuleNotFoundError: No module named 'google.protobuf.nothing'"),
                              ("raise TypeError('refused')", "TypeError: refused")):
            if broken:
                (self.folder / "pkg/odd_name_pb2.py").write_text(broken)
            for name, python in self.pythons:
                with self.subTest(python=name, broken=broken):
                    done = support.run([python, self.folder / "main.py"])
                    self.assertIn(error, done.stderr.splitlines()[-1])

    def test_keywords_as_names(self):
        self.make(["keywords.proto", "keyword_service.proto", "class/import.proto", "v1.2.proto"], "pkg")
        self.check("import importlib\nfrom pkg import keyword_service_pb2_grpc as g, keywords_pb2 as m\n"
                   "v = importlib.import_module('pkg.v1.2_pb2')\n"
                   "class S(g.KeywordsServicer):\n"
                   "    def lambda_(self, request, context):\n"
                   "        return importlib.import_module('pkg.class.import_pb2').Imported(x=request.x + 1)\n"
                   "server = grpc.server(futures.ThreadPoolExecutor(1))\n"
                   "g.add_KeywordsServicer_to_server(S(), server)\n"
                   "g.add_NoneServicer_to_server(g.NoneServicer(), server)\n"
                   "port = server.add_insecure_port('127.0.0.1:0'); server.start()\n"
                   "with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:\n"
                   "    stub = g.KeywordsStub(channel)\n"
                   "    request = getattr(m, 'class')(x=1)\n"
                   "    assert stub.lambda_(request).x == 2 and getattr(stub, 'lambda')(request).x == 2\n"
                   "    try: g.NoneStub(channel).pass_(m.Words())\n"
                   "    except grpc.RpcError as e: assert e.code() == grpc.StatusCode.UNIMPLEMENTED\n"
                   "server.stop(None)\n"
                   "assert getattr(g, 'None').pass_")


if __name__ == "__main__":
    unittest.main()
