#!/usr/bin/env python3
"""Compares the descriptors that `godwit compile` makes with those of protoc, over a folder of .proto files.

Run on demand; needs grpcio-tools and protobuf in the Python that runs it:
    compare_descriptors.py --godwit build/dev/bin/godwit --root DIR [-I DIR]... [FILE]...
Both compile all files with imports and source info; each FileDescriptorProto is compared as a parsed message, custom
options parsed with the extensions that the files themselves declare. Files that protoc refuses must be refused by godwit,
except for what godwit does not support. Exit status 1 on any difference.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

UNSUPPORTED = re.compile(r"not supported")


def run(command, files, out, roots, arguments):
    with tempfile.NamedTemporaryFile("w", suffix=".args", delete=False) as args:
        args.write("\n".join([f"-I{r}" for r in roots] + arguments + [f"--descriptor_set_out={out}"] + files))
    start = time.monotonic()
    result = subprocess.run(command + ["@" + args.name], capture_output=True, text=True, errors="replace")
    os.unlink(args.name)
    return result, time.monotonic() - start


def names_in_errors(text, roots, files):
    """The files, as given, that a compiler's messages name."""
    known = {}
    for f in files:
        known[f] = f
        for r in roots:
            if f.startswith(r + "/"):
                known[f[len(r) + 1:]] = f
    found = {}
    for line in text.splitlines():
        m = re.match(r"([^\s:]+\.proto): ?(?:(\d+):(\d+):)?(.*)", line)
        if m and m.group(1) in known and "warning" not in line:
            found.setdefault(known[m.group(1)], line)
    return found


def compile_what_compiles(command, files, out, roots, arguments):
    """Drops files with errors until the rest compiles; answers the files left, the dropped ones with a message, seconds."""
    dropped = {}
    while files:
        result, seconds = run(command, files, out, roots, arguments)
        if result.returncode == 0:
            return files, dropped, seconds
        bad = names_in_errors(result.stderr, roots, files)
        if not bad:
            # What imports a file with errors fails without a word of its own.
            broken = {m.group(1): m.group(0) for m in re.finditer(r"^([^\s:]+\.proto):.*error: .*$", result.stderr, re.M)}
            bad = importers(files, broken, roots)
        if not bad:
            print(result.stderr[:3000])
            raise SystemExit(f"{command[0]} failed without naming a file")
        dropped.update(bad)
        files = [f for f in files if f not in bad]
    return [], dropped, 0.0


def importers(files, broken, roots):
    """Those of `files` that import one of `broken`, directly or not; with the broken file's message."""
    def short(path):
        return next((path[len(r) + 1:] for r in sorted(roots, key=len, reverse=True) if path.startswith(r + "/")), path)

    bad = {short(b): why for b, why in broken.items()}
    imports = {f: set(re.findall(r'^\s*import[\w\s]*"([^"]+)"', open(f, errors="replace").read(), re.M)) for f in files}
    found = {}
    while True:
        new = {f: bad[i] for f, names in imports.items() if f not in found for i in names if i in bad}
        if not new:
            return found
        found.update(new)
        bad.update({short(f): why for f, why in new.items()})


def read_set(path):
    fds = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as f:
        fds.ParseFromString(f.read())
    return fds


def first_difference(a, b, path=""):
    """A short text about where two messages differ."""
    for field in a.DESCRIPTOR.fields:
        x, y = getattr(a, field.name), getattr(b, field.name)
        if x == y:
            continue
        where = f"{path}.{field.name}"
        if field.is_repeated:
            if len(x) != len(y):
                for i, (p, q) in enumerate(zip(x, y)):
                    if p != q:
                        break
                else:
                    i = min(len(x), len(y))
                at = lambda l: str(l[i]).replace("\n", " ") if i < len(l) else "nothing"
                return f"{where}: {len(x)} and {len(y)} elements; at {i}: protoc {at(x)!r}, godwit {at(y)!r}"
            for i, (p, q) in enumerate(zip(x, y)):
                if p != q:
                    if field.message_type is not None and field.name != "location":
                        return first_difference(p, q, f"{where}[{i}]")
                    return f"{where}[{i}]: protoc {str(p)!r}, godwit {str(q)!r}"
        if field.message_type is not None and not field.is_repeated:
            return first_difference(x, y, where)
        return f"{where}: protoc {x!r}, godwit {y!r}"
    return f"{path}: {str(a)[:600]!r}, {str(b)[:600]!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--godwit", required=True)
    parser.add_argument("--protoc", default=f"{sys.executable} -m grpc_tools.protoc")
    parser.add_argument("--root", required=True)
    parser.add_argument("-I", dest="include", action="append", default=[])
    parser.add_argument("--show", type=int, default=10, help="how many differences to print")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    root = args.root.rstrip("/")
    import grpc_tools
    roots = [root] + args.include + [os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")]
    files = args.files or sorted(os.path.join(d, f) for d, _, fs in os.walk(root) for f in fs if f.endswith(".proto"))
    options = ["--include_imports", "--include_source_info", "--retain_options"]
    with tempfile.TemporaryDirectory() as temp:
        theirs, ours = os.path.join(temp, "theirs"), os.path.join(temp, "ours")
        good, refused, their_seconds = compile_what_compiles(args.protoc.split(), files, theirs, roots, options)
        print(f"protoc: {len(good)} files in {their_seconds:.2f} s, refuses {len(refused)}")
        status = 0
        # What protoc refuses.
        for f, why in refused.items():
            result, _ = run([args.godwit, "compile"], [f], "/dev/null", roots, [])
            if result.returncode == 0:
                print(f"ACCEPTED {f}: protoc says {why}")
                status = 1
        supported, dropped, _ = compile_what_compiles([args.godwit, "compile"], good, ours, roots, options)
        for f, why in dropped.items():
            if not UNSUPPORTED.search(why):
                print(f"REFUSED {f}: {why}")
                status = 1
        result, our_seconds = run([args.godwit, "compile"], supported, ours, roots, options)
        print(f"godwit: {len(supported)} files in {our_seconds:.2f} s, {len(dropped)} with what it does not support")
        pool = descriptor_pool.DescriptorPool()  # for the extensions; what it refuses itself stays unparsed
        their_set, our_set = read_set(theirs), read_set(ours)
        added = set()
        for f in their_set.file:
            try:
                pool.Add(f)
                added.add(f.name)
            except TypeError:
                continue
        if "google/protobuf/descriptor.proto" not in added:
            proto = descriptor_pb2.FileDescriptorProto()
            descriptor_pb2.DESCRIPTOR.CopyToProto(proto)
            pool.Add(proto)
        message_factory.GetMessageClassesForFiles(sorted(added), pool)
        cls = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorProto"))

        def parsed(f):
            m = cls()
            m.ParseFromString(f.SerializeToString())
            return m

        mine = {f.name: f for f in our_set.file}
        same = differ = 0
        for f in their_set.file:
            if f.name not in mine:
                continue
            if f == mine[f.name]:
                same += 1
                continue
            a, b = parsed(f), parsed(mine[f.name])
            if a == b:
                same += 1
                continue
            differ += 1
            if differ <= args.show:
                print(f"DIFFERS {f.name}: {first_difference(a, b)}")
        print(f"equal {same}, different {differ}")
        return 1 if status or differ else 0


if __name__ == "__main__":
    sys.exit(main())
