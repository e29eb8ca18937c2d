"""x_pb2_grpc.py: does what the one of grpcio-tools does, and works with older grpcio too."""
import inspect
import json
import pathlib
import tempfile
import unittest

import support

PROTOS = [p for p in support.ALL_PROTOS if p not in support.ONLY_OURS]
MODULES = [support.module_of(p) + "_grpc" for p in PROTOS]
# The plug-in writes comments into its modules as they are, so that this one's quotes end its docstring.
WITHOUT_QUOTES = [m for m in MODULES if m != "chinese_pb2_grpc"]


def dump(python, folder, modules):
    return json.loads(support.must([python, "-I", "-B", support.HERE / "dump_services.py", folder, *modules]))


class ServicesTest(unittest.TestCase):
    maxDiff = 3000

    def test_like_those_of_grpcio_tools(self):
        if not support.PEERS.exists():
            self.skipTest("no grpcio-tools: tools/setup peers-python installs them")
        with tempfile.TemporaryDirectory() as folder:
            support.generate_by_reference(folder, PROTOS)
            ours = dump(support.PEERS, support.generated(), WITHOUT_QUOTES)
            theirs = dump(support.PEERS, folder, WITHOUT_QUOTES)
            self.assertEqual(sorted(ours), sorted(theirs))
            for module in ours:
                with self.subTest(module=module):
                    self.assertEqual(ours[module], theirs[module])

    def test_comments_are_kept_as_they_are(self):
        python = support.need_python()[-1][1]
        article = dump(python, support.generated(), ["chinese_pb2_grpc"])["chinese_pb2_grpc"]["ArticleService"]
        self.assertEqual(inspect.cleandoc(article["docs"][0]).strip(), "文章服务：\n取文章、列出文章。")
        self.assertEqual({m: doc.strip() for m, doc in article["method docs"].items()},
                         {"GetArticle": "取一篇文章", "List": "列出"})

    def test_any_comment_makes_a_docstring(self):
        python = support.need_python()[-1][1]
        comments = ['ends with a quote"', 'three """ of them """', "a backslash \\", "\\n \\x \\N{x} \\u12", '"', '"""', "'''", "{x} %s $name$"]
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for i, comment in enumerate(comments):
                (root / f"c{i}.proto").write_text(f'syntax = "proto3";\npackage c{i};\nmessage M {{}}\n// {comment}\n'
                                                  f"service S {{\n// {comment}\nrpc R(M) returns (M);\n}}\n")
            names = [f"c{i}.proto" for i in range(len(comments))]
            support.generate(root / "out", names, root=root)
            for path in (root / "out").glob("*.pyi"):
                compile(path.read_text(), str(path), "exec")
            dumped = dump(python, root / "out", [f"c{i}_pb2_grpc" for i in range(len(comments))])
            for i, comment in enumerate(comments):
                with self.subTest(comment=comment):
                    self.assertEqual(dumped[f"c{i}_pb2_grpc"]["S"]["method docs"]["R"].strip(), comment)

    def test_arguments_of_the_channel_that_older_releases_do_not_know(self):
        code = "import sys; sys.path.insert(0, sys.argv[1])\nimport grpc, plain_pb2_grpc as g\n" \
               "with grpc.insecure_channel('localhost:1') as c: g.PlainsStub(c).Echo\nprint(len(g._registered))"
        for name, python in support.need_python():
            with self.subTest(python=name):
                known = support.must([python, "-c", code, support.generated()]).strip()
                self.assertEqual(known, "0" if name in ("protobuf 4.21", "protobuf 4.25") else "1")


if __name__ == "__main__":
    unittest.main()
