#!/usr/bin/env python3
"""Generates the modules of the examples from their .proto files: generate.py [EXAMPLE...]

It shows each command, which can be typed by hand as well. Nothing that it writes is committed.
"""
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Example: (where the imports begin, the .proto file), both as seen from the example's folder.
GREETER = ("../../greeter", "../../greeter/helloworld.proto")
ARTICLE = ("../../articles", "../../articles/article.proto")
SOURCES = {
    "greeter": GREETER,
    "route_guide": ("../../route_guide", "../../route_guide/route_guide.proto"),
    "articles": ARTICLE,
    "interceptors": (".", "greetings.proto"),
    "metadata": GREETER,
    "tls": GREETER,
    "messages": (".", "library.proto"),
    "workers": GREETER,
    "fastapi_articles": ARTICLE,
    # Into the package articles/rpc: "the files of ../../articles are seen as articles/rpc/...".
    "django_articles": ("articles/rpc=../../articles", "../../articles/article.proto"),
}


def generate(example: str) -> None:
    include, proto = SOURCES[example]
    arguments = ["-m", "grpc_tools.protoc", f"-I{include}", "--python_out=.", "--pyi_out=.", "--grpc_python_out=.", proto]
    print(f"{example}: python {shlex.join(arguments)}", flush=True)
    subprocess.run([sys.executable, *arguments], cwd=HERE / example, check=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or SOURCES:
        generate(name)
