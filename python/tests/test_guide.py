"""docs/guide/python.md, done as it is printed: its files are written, its commands run, and they print what it says."""
import os
import random
import re
import signal
import socket
import subprocess

from examples_support import PYTHON, REPOSITORY, SECONDS, Server, environment

GUIDE = REPOSITORY / "docs/guide/python.md"
# What needs a network, or would change the environment.
NOT_DONE = ("Installation",)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def steps(text):
    """(what to do, its operand, the block) for each block: write, append, run, serve, or see."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title, _, body = section.partition("\n")
        if title in NOT_DONE:
            continue
        end = 0
        for block in BLOCK.finditer(body):
            before, end = body[end:block.start()], block.end()
            if block[1] in ("python", "proto"):
                path = re.findall(r"`([\w/]+\.\w+)`", before)[-1]
                yield "append" if f"At the end of `{path}`" in before else "write", path, block[2]
            elif block[1] == "text":
                yield "see", None, block[2]
            elif block[1] == "sh":
                yield "serve" if "in a terminal of its own" in before else "run", None, block[2]


def free_port():
    """Below those that the kernel gives to clients: nobody takes it by chance before its server does."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def test_the_guide(tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    for port in (50051, 50052, 8000):
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    env = environment(PATH=os.path.dirname(PYTHON) + os.pathsep + os.environ["PATH"])
    servers, output, done = [], "", []
    try:
        for step, path, block in steps(text):
            done.append(step)
            if step in ("write", "append"):
                (tmp_path / path).parent.mkdir(exist_ok=True)
                with open(tmp_path / path, "a" if step == "append" else "w", encoding="utf-8") as file:
                    file.write(block)
            elif step == "serve":
                if "aio_server" in block:  # it takes the place of the first one
                    servers.pop().stop(signal.SIGINT)
                servers.append(Server(["bash", "-ec", "exec " + block], tmp_path, env, r"serving.*\n|Quit the server"))
            elif step == "run":
                result = subprocess.run(["bash", "-ec", block], cwd=tmp_path, env=env, capture_output=True, text=True,
                                        encoding="utf-8", timeout=SECONDS)
                assert (result.returncode, result.stderr) == (0, ""), block + result.stdout + result.stderr
                output = result.stdout
            else:
                assert output.strip() == block.strip()
        assert {step: done.count(step) for step in set(done)} == {"write": 10, "append": 1, "serve": 4, "run": 8, "see": 4}
    finally:
        for server in servers:
            server.stop()
