#!/usr/bin/env python3
"""Each check of the repository must refuse a small tree with one fault, and take the same tree without it."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent
GOOD_HEADER = "#pragma once\n\nnamespace godwit {\nint one();\n}\n"


class Tree:
    """A repository of a few files in a temporary folder."""

    def __init__(self, files):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def check(self, tool, *arguments):
        done = subprocess.run([sys.executable, str(TOOLS / tool), "--root", str(self.root), *arguments], text=True,
                              capture_output=True)
        return done.returncode, done.stdout + done.stderr


class CheckCase(unittest.TestCase):
    def tree_of(self, files):
        tree = Tree(files)
        self.addCleanup(tree.folder.cleanup)
        return tree

    def accepts(self, tool, files, *arguments):
        status, output = self.tree_of(files).check(tool, *arguments)
        self.assertEqual(status, 0, output)

    def refuses(self, tool, files, words, *arguments):
        status, output = self.tree_of(files).check(tool, *arguments)
        self.assertEqual(status, 1, output)
        for word in words:
            self.assertIn(word, output)


class Layers(CheckCase):
    def test_arrows_of_the_design_are_accepted(self):
        self.accepts("check_layers.py", {
            "src/godwit/rpc/a.h": '#include "godwit/http/b.h"\n#include "godwit/base/c.h"\n#include <thread>\n',
            "src/godwit/rpc/a_test.cc": '#include "godwit/testing/clock.h"\n#include <gtest/gtest.h>\n',
            "src/godwit/services/s.cc": '#include "grpc/health/v1/health.grpc.pb.h"\n',
            "src/godwit/net/n.cc": "#include <asio/io_context.hpp>\n",
            "src/godwit/server.h": '#include "godwit/net/loop.h"\n#include "godwit/rpc/a.h"\n',
            "src/godwit/rpc/CMakeLists.txt": "godwit_library(rpc DEPS base http async)\n",
            "src/godwit/http2/h.cc": "// a co_await in a comment, steady_clock::now too\n",
            "tests/t.cc": '#include "godwit/rpc/a.h"\n#include <openssl/ssl.h>\n'})

    def test_each_wrong_arrow_is_refused(self):
        for name, text, words in [
                ("src/godwit/http2/a.h", '\n#include "godwit/net/b.h"\n', ["src/godwit/http2/a.h:2", "may not include net"]),
                ("src/godwit/rpc/a.cc", '#include "godwit/proto/b.h"\n', ["rpc may not include proto"]),
                ("src/godwit/rpc/a.cc", '#include "x/y.pb.h"\n', ["rpc may not include proto"]),
                ("src/godwit/proto/a.cc", '#include "x/y.grpc.pb.h"\n', ["proto may not include stub"]),
                ("src/godwit/rpc/a.cc", '#include "godwit/testing/b.h"\n', ["may not include testing"]),
                ("src/godwit/base/a.h", '#include "godwit/server.h"\n', ["wires the layers together"]),
                ("src/godwit/base/a.h", '#include "b.h"\n', ["from the root"]),
                ("src/godwit/base/a.h", '#include "godwit/magic/b.h"\n', ["no layer is called magic"]),
                ("src/godwit/magic/a.h", "\n", ["no layer is called magic"]),
                ("src/godwit/http2/a.cc", "#include <thread>\n", ["no threads here"]),
                ("src/godwit/proto/a.cc", "#include <coroutine>\n", ["no coroutines here"]),
                ("src/godwit/http/a.cc", "#include <sys/socket.h>\n", ["no sockets here"]),
                ("src/godwit/http1/a.cc", "#include <ctime>\n", ["no clocks here"]),
                ("src/godwit/compiler/a.cc", "auto t = std::chrono::steady_clock::now();\n", ["pass time"]),
                ("src/godwit/rpc/a.cc", "#include <asio.hpp>\n", ["belongs into net"]),
                ("src/godwit/net/a.cc", "#include <openssl/ssl.h>\n", ["belongs into tls"]),
                ("bench/a.cc", "#include <grpcpp/grpcpp.h>\n#include <grpc/grpc.h>\n", ["belongs into no part"]),
                ("src/godwit/http2/CMakeLists.txt", "godwit_library(http2 DEPS base http\n  net)\n", ["may not stand on net"]),
        ]:
            with self.subTest(name=name, text=text):
                self.refuses("check_layers.py", {name: text}, words)


class Headers(CheckCase):
    def test_a_whole_header_is_accepted(self):
        self.accepts("check_headers.py", {"src/godwit/base/a.h": GOOD_HEADER})

    def test_a_header_that_leans_on_others_is_refused(self):
        self.refuses("check_headers.py", {"src/godwit/base/a.h": GOOD_HEADER + "inline std::string s();\n"},
                     ["godwit/base/a.h does not compile alone"])

    def test_a_header_without_a_guard_is_refused(self):
        self.refuses("check_headers.py", {"src/godwit/base/a.h": "struct A {};\n"}, ["redefinition"])

    def test_the_cache_sees_a_change_below(self):
        tree = self.tree_of({"src/godwit/base/a.h": '#pragma once\n#include "godwit/base/b.h"\nusing A = B;\n',
                     "src/godwit/base/b.h": "#pragma once\nstruct B {};\n"})
        cache = ("--cache", str(tree.root / "cache.json"))
        self.assertEqual(tree.check("check_headers.py", *cache)[0], 0)
        status, output = tree.check("check_headers.py", *cache)
        self.assertEqual(status, 0)
        self.assertIn("2 known", output)
        (tree.root / "src/godwit/base/b.h").write_text("#pragma once\n")
        self.assertEqual(tree.check("check_headers.py", *cache)[0], 1)


class Generated(CheckCase):
    def example(self, committed):
        command = [sys.executable, "-c", "import sys, pathlib; pathlib.Path(sys.argv[1], 'o.cc').write_text('new\\n')", "{out}"]
        entry = {"name": "example", "command": command, "outputs": {"src/o.cc": "o.cc"}}
        files = {"tools/generated.json": json.dumps([entry])}
        return files if committed is None else {**files, "src/o.cc": committed}

    def test_fresh_is_accepted(self):
        self.accepts("check_generated.py", self.example("new\n"))

    def test_stale_is_refused(self):
        self.refuses("check_generated.py", self.example("old\n"), ["src/o.cc: stale", "-old", "+new", "--write"])

    def test_missing_is_refused(self):
        self.refuses("check_generated.py", self.example(None), ["src/o.cc: missing"])

    def test_a_failing_generator_is_refused(self):
        entry = {"name": "example", "command": ["false"], "outputs": {"o": "o"}}
        self.refuses("check_generated.py", {"tools/generated.json": json.dumps([entry])}, ["ended with 1"])

    def test_write_mends(self):
        tree = self.tree_of(self.example("old\n"))
        self.assertEqual(tree.check("check_generated.py", "--write")[0], 0)
        self.assertEqual(tree.check("check_generated.py")[0], 0)


class Text(CheckCase):
    def test_clean_text_is_accepted(self):
        self.accepts("check_text.py", {"a.md": "A plain text, with /usr/bin and /tmp and mktemp X" "XXXXX.\n",
                                       "b.bin": b"\0/ro" b"ot/x", "protos/google/x.proto": "// TO" "DO\r\n"})

    def test_each_fault_is_refused(self):
        for text, words in [
                ("a\nb TO" "DO: c\n", ["a.cc:2", "left-over"]),
                ("FIX" "ME\n", ["left-over"]),
                ("not implemented " "yet\n", ["left-over"]),
                ("see /ro" "ot/x\n", ["machine path"]),
                ('"/ho' 'me/someone/x"\n', ["machine path"]),
                ("<<<<" "<<< HEAD\n", ["conflict mark"]),
                ("a \n", ["white space"]),
                ("a\r\n", ["carriage return"]),
                ("a", ["no line break"]),
                ("\n" * 1300, ["1300 lines"]),
        ]:
            with self.subTest(text=text[:20]):
                self.refuses("check_text.py", {"a.cc": text}, words)


if __name__ == "__main__":
    unittest.main()
