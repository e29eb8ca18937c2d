#!/usr/bin/env python3
"""Checks that includes and CMake's DEPS follow the arrows between the layers (docs/architecture.md), that the engines hold
no thread, coroutine, socket or clock, and that each foreign library is used only where it belongs.

usage: tools/check_layers.py [--root DIR]
"""
import argparse
import pathlib
import re
import sys

# Folder below src/godwit: the folders it may include. Everything may use base and itself; *_test.cc also testing.
MAY_INCLUDE = {
    "base": "",
    "proto": "",
    "compiler": "proto",
    "http": "",
    "http1": "http",
    "http2": "http",
    "async": "",
    "net": "async",
    "tls": "async",
    "transport": "http http1 http2 async",
    "rpc": "http async",
    "stub": "rpc proto async",
    "services": "stub rpc http proto async",
    "gateway": "stub rpc http proto async",
    "testing": "async http http1 http2 tls transport rpc stub",
}
# The headers directly in src/godwit, and the folders beside src, may include everything.

# Generated messages stand where proto does, generated services where stub does.
GENERATED = {".grpc.pb.h": "stub", ".pb.h": "proto"}

# Engines: bytes in, events out; time is a parameter (its types are <chrono>'s; the readings are what is forbidden).
ENGINES = "base proto compiler http http1 http2".split()
ENGINES_AVOID = {
    "coroutines": "coroutine",
    "threads": "thread mutex shared_mutex condition_variable future semaphore latch barrier stop_token pthread.h threads.h",
    "sockets": "sys/socket.h netinet/in.h netinet/tcp.h arpa/inet.h netdb.h sys/un.h sys/epoll.h sys/eventfd.h poll.h "
               "sys/poll.h sys/select.h sys/uio.h",
    "clocks": "ctime time.h sys/time.h sys/timerfd.h sys/times.h",
}
ENGINES_AVOID_WORDS = re.compile(
    r"\b(co_await|co_return|co_yield|clock_gettime|gettimeofday|(?:system|steady|high_resolution)_clock::now|std::random_device|getrandom)\b")
# File: {header or word: reason}.
ENGINES_EXCEPT = {
    "base/time.cc": {"ctime": "the real Clock, the one place that reads one", "time.h": "the same",
                     "steady_clock::now": "the same", "system_clock::now": "the same", "clock_gettime": "the same"},
    "base/log.cc": {"mutex": "log lines of several threads stay whole",
                    "pthread.h": "the child of a fork begins with a mutex that nobody holds", "ctime": "log lines carry the time of day",
                    "time.h": "the same", "system_clock::now": "the same", "clock_gettime": "the same"},
    "base/output_queue.h": {"sys/uio.h": "iovec, the kernel's type of a list of buffers; no call"},
    "base/random.cc": {"getrandom": "the real source of randomness, behind the interface Random",
                       "std::random_device": "the same"},
    "proto/schema/generated.cc": {"mutex": "the pool of generated descriptors fills at first use, from any thread"},
    "proto/schema/linker.h": {"mutex": "const functions of a descriptor make some things at first use, from any thread"},
}

# Foreign headers (prefix): where they may be included, as folders below src/godwit or paths from the root.
FOREIGN = {
    "asio": "net",
    "openssl/": "tls testing tests bench examples",
    "zlib.h": "rpc http bench tests",
    "CLI/": "cli bench examples tests",
    "sqlite3.h": "examples",
    "gtest/": "*_test.cc testing tests fuzz",
    "gmock/": "*_test.cc tests",
    "benchmark/": "bench",
    "nanobind/": "python",
    "Python.h": "python",
    "grpc": "",
    "google/protobuf/stubs": "",
    "nghttp2/": "",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
LIBRARY = re.compile(r"godwit_library\(\s*(\w+)([^)]*)\)")


def is_test(path):
    """x_test.cc, and what several of them share: x_test_world.h."""
    return path.stem.endswith("_test") or "_test_" in path.stem


def strip_comments(text):
    """The text without comments and without the insides of string literals, with its lines kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


class Checker:
    def __init__(self, root):
        self.root = root
        self.base = root / "src/godwit"
        self.problems = []

    def problem(self, path, line, text):
        self.problems.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def allowed(self, folder, path):
        names = {"base", folder, *MAY_INCLUDE[folder].split()}
        return names | {"testing"} if is_test(path) else names

    def check_source(self, path, folder):
        """`folder` is the layer, or None for what stands above all layers."""
        text = path.read_text(errors="replace")
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            self.check_include(path, folder, line, match[1], match[2])
        if folder in ENGINES and not is_test(path):
            for match in ENGINES_AVOID_WORDS.finditer(strip_comments(text)):
                if not self.excepted(path, match[1]):
                    self.problem(path, text.count("\n", 0, match.start()) + 1,
                                 f"`{match[1]}` in an engine ({folder}): pass time, randomness and suspension in from above")

    def excepted(self, path, word):
        return word in ENGINES_EXCEPT.get(str(path.relative_to(self.base)), {})

    def check_include(self, path, folder, line, quote, name):
        self.check_foreign(path, folder, line, name)
        if folder is None:
            return
        if folder in ENGINES and not is_test(path):
            for kind, headers in ENGINES_AVOID.items():
                if name in headers.split() and not self.excepted(path, name):
                    self.problem(path, line, f"<{name}> in an engine ({folder}): no {kind} here")
        target = None
        for ending, layer in GENERATED.items():
            if name.endswith(ending) and not name.startswith("godwit/"):
                target = layer
                break
        if name.startswith("godwit/"):
            parts = name.split("/")
            if len(parts) == 2:
                self.problem(path, line, f'"{name}" wires the layers together; {folder} lies below it')
                return
            target = parts[1]
            if target not in MAY_INCLUDE:
                self.problem(path, line, f'"{name}": no layer is called {target}; new layers go into tools/check_layers.py')
                return
        elif target is None:
            if quote == '"':
                self.problem(path, line, f'"{name}": write our includes from the root, "godwit/FOLDER/..."')
            return
        if target not in self.allowed(folder, path):
            may = " ".join(sorted(self.allowed(folder, path)))
            self.problem(path, line, f'"{name}": {folder} may not include {target} (it may: {may})')

    def check_foreign(self, path, folder, line, name):
        for prefix, where in FOREIGN.items():
            if not name.startswith(prefix) or name.endswith(".pb.h"):
                continue
            if prefix in ("asio", "grpc") and not re.match(rf"{prefix}(/|\.h|\+)", name):
                continue
            relative = path.relative_to(self.root)
            places = where.split()
            if folder in places or relative.parts[0] in places or ("*_test.cc" in places and is_test(path)):
                continue
            self.problem(path, line, f"<{name}> belongs into {where or 'no part of this project'}, not here")

    def check_cmake(self, path):
        folder = path.relative_to(self.base).parts[0]
        if folder not in MAY_INCLUDE:
            return
        text = re.sub(r"#[^\n]*", lambda m: " " * len(m[0]), path.read_text())
        for match in LIBRARY.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            keyword = None
            for word in match[2].split():
                if word in ("DEPS", "LINK", "RECURSE", "TEST_DEPS", "TEST_LINK"):
                    keyword = word
                    continue
                layer = word.split("_")[0]
                allowed = self.allowed(folder, pathlib.Path("x_test.cc" if keyword == "TEST_DEPS" else "x.cc"))
                if keyword in ("DEPS", "TEST_DEPS") and layer in MAY_INCLUDE and layer not in allowed:
                    self.problem(path, line, f"{keyword} {word}: {folder} may not stand on {layer}")

    def run(self):
        for path in sorted(self.base.rglob("*")):
            if path.suffix in (".h", ".cc", ".inc"):
                parts = path.relative_to(self.base).parts
                folder = parts[0] if len(parts) > 1 else None
                if folder is not None and folder not in MAY_INCLUDE:
                    self.problem(path, 1, f"no layer is called {folder}; new layers go into tools/check_layers.py")
                else:
                    self.check_source(path, folder)
            elif path.name == "CMakeLists.txt" and path.parent != self.base:
                self.check_cmake(path)
        for top in ("cli", "python", "tests", "bench", "fuzz", "examples"):
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".h", ".cc"):
                    self.check_source(path, None)
        return self.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    problems = Checker(root).run()
    print("\n".join(problems) if problems else "layers: clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
