"""What the interop programs of both Python APIs share: the service's generated code, numbers, and checks.

The code for protos/grpc/testing is generated into a temporary folder at each start, by the grpc_tools of this Python.
"""
import importlib
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"
INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"
COUNT = "x-interop-count-cancelled"
CANCELLED = "x-interop-cancelled"
LARGEST = 4089446  # 3.9 MiB: the message around it stays below the default limit
MESSAGES = 10000
CALLS = 1000
TIMEOUT = 60  # seconds for a call that should end well
EVERY_BYTE = bytes(range(256))
CODES = {code.value[0]: code for code in grpc.StatusCode}
# Chinese, control characters, and nothing.
STATUS_MESSAGES = ("请求失败：第 7 号文章不存在", "\x01\x1b[31m\x7f\t\r\n%41 100%", "")


def generate():
    """The modules (messages, services) of grpc/testing/test.proto."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
        arguments = ["protoc", f"-I{PROTOS}", f"--python_out={folder}", f"--grpc_python_out={folder}", *files]
        if protoc.main(arguments) != 0:
            sys.exit("python_base.py: protoc could not read protos/grpc/testing")
        grpc.__path__.append(f"{folder}/grpc")  # the protos' package lies in a package of grpcio's own
        messages = importlib.import_module("grpc.testing.messages_pb2")
        empty = importlib.import_module("grpc.testing.empty_pb2")
        services = importlib.import_module("grpc.testing.test_pb2_grpc")
        return messages, empty, services


pb, empty_pb, services = generate()


class Wrong(Exception):
    """What a case found."""


def expect(fine, what):
    if not fine:
        raise Wrong(what)


def expect_status(error, code, details=None):
    expect(error is not None, f"expected {code.name}, got OK")
    got = (error.code(), error.details())
    expect(got[0] == code and (details is None or got[1] == details), f"expected {code.name} {details!r}, got {got[0].name} {got[1]!r}")


def output_request(*sizes, body=0, interval_us=0):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size, interval_us=interval_us) for size in sizes],
        payload=pb.Payload(body=bytes(body)))


def input_request(size):
    return pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(size)) if size else None)


def server_credentials(options):
    pair = (pathlib.Path(options.tls_key).read_bytes(), pathlib.Path(options.tls_cert).read_bytes())
    return grpc.ssl_server_credentials([pair])


def channel_arguments(options):
    """(target, credentials or None, options)"""
    settings = [("grpc.use_local_subchannel_pool", 1)]
    if not options.ca:
        return f"127.0.0.1:{options.port}", None, settings
    settings.append(("grpc.ssl_target_name_override", options.override))
    return f"127.0.0.1:{options.port}", grpc.ssl_channel_credentials(pathlib.Path(options.ca).read_bytes()), settings


def report(name, error):
    """One line for one case; True when it failed."""
    if error is None:
        print(f"ok {name}", flush=True)
        return False
    what = error if isinstance(error, Wrong) else repr(error)
    print(f"FAILED {name}: {' '.join(str(what).split())}", flush=True)
    return True


def echoes(extended):
    """(initial, trailing) metadata to be echoed: of a plain server the first value of each key comes back."""
    if not extended:
        return [(INITIAL, "one, and more")], [(TRAILING, EVERY_BYTE)]
    return ([(INITIAL, value) for value in ("one", "two, and more", "one")],
            [(TRAILING, value) for value in (EVERY_BYTE, b"\0", b"\xff\xfe", EVERY_BYTE, b"a,b")])
