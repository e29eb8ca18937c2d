"""`godwit call` against the example servers. GODWIT_BIN names the folder of the programs."""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["GODWIT_BIN"])
GREETER = str(ROOT / "examples/greeter/helloworld.proto")
GUIDE = str(ROOT / "examples/route_guide/route_guide.proto")
BENCH = str(ROOT / "bench/rpc/bench.proto")
INTEROP = [str(ROOT / "protos/grpc/testing/test.proto"), "-I", str(ROOT / "protos")]
SECONDS = 60  # what waits longer than this hangs
NOT_FOUND, UNAVAILABLE, UNIMPLEMENTED, DEADLINE, EXHAUSTED = 69, 78, 76, 68, 72


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that serves a port, which is free when it is chosen; another one is tried when it was taken."""

    def __init__(self, command):
        for _ in range(5):
            self.port = free_port()
            self.target = f"127.0.0.1:{self.port}"
            self.process = subprocess.Popen([str(a) for a in command(self.port)], stdout=subprocess.DEVNULL)
            if self._accepts():
                return
            self.stop()
        raise RuntimeError("the server did not start")

    def _accepts(self):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                try:
                    self.process.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(SECONDS)


def call(*arguments, stdin=""):
    return subprocess.run([BIN / "godwit", "call", *arguments], input=stdin, text=True, capture_output=True,
                          timeout=SECONDS)


class CallTest(unittest.TestCase):
    def ok(self, *arguments, stdin=""):
        done = call(*arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def fails(self, exit_status, texts, *arguments, stdin=""):
        done = call(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, exit_status, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)
        return done


class GreeterCalls(CallTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(lambda port: [BIN / "greeter_server", f"127.0.0.1:{port}"])
        cls.addClassCleanup(cls.server.stop)
        cls.at = cls.server.target

    def hello(self, *arguments):
        return (self.at, "helloworld.Greeter/SayHello", "--proto", GREETER, *arguments)

    def test_unary_is_printed_on_several_lines(self):
        self.assertEqual(self.ok(*self.hello("-d", '{"name": "Ada"}')), '{\n  "message": "Hello, Ada"\n}\n')

    def test_without_data_the_message_is_empty_and_stdin_stays_unread(self):
        self.assertEqual(json.loads(self.ok(*self.hello(), stdin="no JSON")), {"message": "Hello, "})

    def test_where_the_message_comes_from(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{\n  "name": "文"\n}\n')
            file.flush()
            self.assertIn("Hello, 文", self.ok(*self.hello("-d", "@" + file.name)))
        self.assertIn("Hello, in", self.ok(*self.hello("-d", "-"), stdin='{"name": "in"}\n'))

    def test_ways_to_write_the_method(self):
        for method in ("/helloworld.Greeter/SayHello", "helloworld.Greeter.SayHello"):
            self.assertIn("Hello", self.ok(self.at, method, f"--proto={GREETER}"))

    def test_verbose_shows_metadata_and_status(self):
        value = base64.b64encode(b"\0\1\xff").decode()
        done = call(*self.hello("-v", "-H", "X-Trace: abc", "-H", f"raw-bin:{value}"))
        self.assertEqual(done.returncode, 0)
        for text in ("> /helloworld.Greeter/SayHello", "> x-trace: abc", f"> raw-bin: {value}",
                     f"< from ipv4:{self.at}", "< status 0 OK"):
            self.assertIn(text, done.stderr)
        json.loads(done.stdout)

    def test_errors_in_the_message(self):
        cases = [
            ('{"name": 5}', ["-d:1:10: name: "]),
            ('{"nam": "x"}', ["-d:1:", "nam"]),
            ('{"name": "x"', ["-d:1:"]),
            ("", ["-d holds no message", "{}"]),
            ('{} {"name": "x"}', ["-d:1:4: a second message", "takes one"]),
            ("@/no/such/file", ["-d @/no/such/file: No such file"]),
        ]
        for data, texts in cases:
            with self.subTest(data):
                self.assertEqual(self.fails(1, texts, *self.hello("-d", data)).stdout, "")

    def test_names_that_are_wrong(self):
        cases = [
            ("helloworld.Greeter/SayHelo", ["no method \"SayHelo\"", "did you mean helloworld.Greeter/SayHello?",
                                            "SayHello(helloworld.HelloRequest) returns (helloworld.HelloReply)"]),
            ("Greeter/SayHello", ["its package belongs to its name: helloworld.Greeter/SayHello"]),
            ("helloworld.Greter/SayHello", ["did you mean helloworld.Greeter/SayHello?"]),
            ("other.Greeter/SayHello", ["did you mean helloworld.Greeter/SayHello?"]),
            ("helloworld.Greeter", ["names no method", "SayHello("]),
            ("x.Y/Z", ["declare no service \"x.Y\"", "  helloworld.Greeter/SayHello"]),
        ]
        for method, texts in cases:
            with self.subTest(method):
                self.fails(1, texts, self.at, method, "--proto", GREETER)

    def test_arguments_that_are_wrong(self):
        method = "helloworld.Greeter/SayHello"
        cases = [
            ([], ["no server is named"]),
            ([self.at], ["no method is named"]),
            ([self.at, method], ["add --proto FILE"]),
            ([self.at, method, "--proto"], ["--proto needs a value"]),
            ([self.at, method, "--proto", "/no/such.proto"], ["/no/such.proto: No such file"]),
            ([self.at, method, "--proto", GREETER, "-I", "/no/such"], ["-I /no/such: no such folder"]),
            (self.hello("--timeout", "5"), ["5s, 100ms"]),
            (self.hello("--timeuot", "5s"), ["did you mean --timeout?"]),
            (self.hello("-H", "nokey"), ["KEY:VALUE"]),
            (self.hello("-H", "a-bin:%%%"), ["-H a-bin: ", "base64"]),
            (self.hello("-H", "grpc-status:0"), ["-H grpc-status: "]),
            (self.hello("--cert", "x.pem"), ["add --key"]),
            (self.hello("--server-name", "x"), ["add --tls"]),
            (self.hello("{}"), ["one argument too many: {}", "-d"]),
            (self.hello("--cacert", "/no/such.pem"), ["/no/such.pem"]),
        ]
        for arguments, texts in cases:
            with self.subTest(arguments):
                self.fails(1, texts, *arguments)

    def test_errors_in_the_proto_file_have_their_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bad.proto"
            path.write_text('syntax = "proto3";\nmessage A { B b = 1; }\n')
            self.fails(1, ["bad.proto:2:13: error: "], self.at, "a.B/C", "--proto", str(path))

    def test_a_method_that_the_server_has_not(self):
        self.fails(UNIMPLEMENTED, ["UNIMPLEMENTED: ", "may not serve routeguide.RouteGuide/GetFeature"],
                   self.at, "routeguide.RouteGuide/GetFeature", "--proto", GUIDE)

    def test_a_reply_that_is_too_long(self):
        self.fails(EXHAUSTED, ["RESOURCE_EXHAUSTED: "],
                   *self.hello("--max-message", "10", "-d", json.dumps({"name": "x" * 100})))

    def test_nobody_listens(self):
        with socket.socket() as taken:  # bound, so nobody else has it; not listening, so it refuses
            taken.bind(("127.0.0.1", 0))
            target = "127.0.0.1:%d" % taken.getsockname()[1]
            self.fails(UNAVAILABLE, ["UNAVAILABLE: ", target, "refused", "is a gRPC server running at"],
                       target, "helloworld.Greeter/SayHello", "--proto", GREETER)

    def test_a_server_that_never_answers(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(16)
            self.fails(DEADLINE, ["DEADLINE_EXCEEDED: ", "--timeout"], "127.0.0.1:%d" % deaf.getsockname()[1],
                       "helloworld.Greeter/SayHello", "--proto", GREETER, "--timeout", "100ms")


class RouteGuideCalls(CallTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(lambda port: [BIN / "route_guide_server", f"127.0.0.1:{port}"])
        cls.addClassCleanup(cls.server.stop)

    def guide(self, method, *arguments):
        return (self.server.target, "routeguide.RouteGuide/" + method, "--proto", GUIDE, *arguments)

    WORLD = json.dumps({"lo": {"latitude": -900000000, "longitude": -1800000000},
                        "hi": {"latitude": 900000000, "longitude": 1800000000}})

    def test_server_stream_prints_a_line_for_each_message(self):
        lines = self.ok(*self.guide("ListFeatures", "-d", self.WORLD)).splitlines()
        self.assertGreaterEqual(len(lines), 100)
        for line in lines:
            self.assertIn("location", json.loads(line))

    def test_an_empty_stream_prints_nothing(self):
        self.assertEqual(self.ok(*self.guide("ListFeatures", "-d", '{"lo":{"latitude":1},"hi":{"latitude":1}}')), "")

    def test_emit_defaults(self):
        arguments = self.guide("GetFeature", "-d", '{"latitude": 1}')
        self.assertEqual(json.loads(self.ok(*arguments)), {"location": {"latitude": 1}})
        self.assertEqual(json.loads(self.ok(*arguments, "--emit-defaults")),
                         {"name": "", "location": {"latitude": 1, "longitude": 0}})

    def test_client_stream_from_standard_input(self):
        points = '{"latitude": 1}\n{"latitude": 2}{"latitude":\n3} \n\n'
        for arguments in ((), ("-d", "-")):
            summary = json.loads(self.ok(*self.guide("RecordRoute", *arguments), stdin=points))
            self.assertEqual(summary["pointCount"], 3)
        self.assertEqual(json.loads(self.ok(*self.guide("RecordRoute", "-d", points)))["pointCount"], 3)
        self.assertEqual(json.loads(self.ok(*self.guide("RecordRoute", "-d", "", "--emit-defaults")))["pointCount"], 0)

    def test_an_error_in_a_stream_names_its_line(self):
        self.fails(1, ["standard input:3:14: latitude: ", "routeguide.Point"], *self.guide("RecordRoute"),
                   stdin='{"latitude": 1}\n\n{"latitude": "x"}\n')

    def test_bidi_replies_come_while_input_is_open(self):
        with subprocess.Popen([BIN / "godwit", "call", *self.guide("RouteChat")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            watchdog = threading.Timer(SECONDS, process.kill)  # no reply while input is open: readline() would hang
            watchdog.start()
            self.addCleanup(watchdog.cancel)
            place = {"latitude": 7, "longitude": int(time.time())}
            for i in range(3):
                process.stdin.write(json.dumps({"location": place, "message": f"note {i}"}).encode() + b"\n")
                process.stdin.flush()
                for earlier in range(i):
                    self.assertEqual(json.loads(process.stdout.readline())["message"], f"note {earlier}")
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"")
            self.assertEqual(process.wait(SECONDS), 0, process.stderr.read())

    def test_a_deadline_ends_an_open_stream(self):
        with subprocess.Popen([BIN / "godwit", "call", *self.guide("RouteChat", "--timeout", "200ms")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.wait(SECONDS), DEADLINE)
            self.assertIn(b"DEADLINE_EXCEEDED", process.stderr.read())


class BenchCalls(CallTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(lambda port: [BIN / "bench_server", port])
        cls.addClassCleanup(cls.server.stop)

    def test_many_messages_both_ways(self):
        count = 5000
        chunks = [json.dumps({"data": base64.b64encode(str(i).encode()).decode()}) for i in range(count)]
        lines = self.ok(self.server.target, "bench.Streams/PingPong", "--proto", BENCH, stdin="\n".join(chunks))
        self.assertEqual([json.loads(line) for line in lines.splitlines()], [json.loads(c) for c in chunks])

    def test_output_that_nobody_reads_any_more(self):
        process = subprocess.Popen([BIN / "godwit", "call", self.server.target, "bench.Streams/ServerStream", "--proto",
                                    BENCH, "-d", '{"count": 100000000, "size": 10000}'], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdout.readline()
        process.stdout.close()
        self.assertNotEqual(process.wait(SECONDS), 0)


@unittest.skipUnless(shutil.which("openssl"), "needs the program openssl")
class TlsCalls(CallTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificate, cls.key = folder.name + "/cert.pem", folder.name + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=DNS:guide.test", "-keyout", cls.key,
                        "-out", cls.certificate], check=True, capture_output=True)
        cls.server = Server(lambda port: [BIN / "interop_server", "-port", port, "-use_tls", "-tls_cert_file",
                                          cls.certificate, "-tls_key_file", cls.key])
        cls.addClassCleanup(cls.server.stop)

    def empty_call(self, *arguments):
        return (self.server.target, "grpc.testing.TestService/EmptyCall", "--proto", *INTEROP, *arguments)

    def test_call(self):
        for name in ("--server-name", "--authority"):
            self.assertEqual(self.ok(*self.empty_call("--cacert", self.certificate, name, "guide.test")), "{}\n")

    def test_echoed_metadata(self):
        value = base64.b64encode(b"\0\xff\n").decode()
        done = call(*self.empty_call("--cacert", self.certificate, "--server-name", "guide.test", "-v", "-H",
                                     "x-grpc-test-echo-initial: hi", "-H", f"x-grpc-test-echo-trailing-bin: {value}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("< x-grpc-test-echo-initial: hi", done.stderr)
        self.assertIn(f"< trailer x-grpc-test-echo-trailing-bin: {value}", done.stderr)

    def test_a_status_of_the_servers_choice(self):
        message = json.dumps({"responseStatus": {"code": 5, "message": "没有"}})
        self.fails(NOT_FOUND, ["NOT_FOUND: 没有"], self.server.target, "grpc.testing.TestService/UnaryCall", "--proto",
                   *INTEROP, "--cacert", self.certificate, "--server-name", "guide.test", "-d", message)

    def test_failures_of_the_handshake(self):
        for arguments, texts in [
            (("--cacert", self.certificate), ["127.0.0.1"]),  # the name is not in the certificate
            (("--tls", "--server-name", "guide.test"), ["certificate"]),
            ((), ["with TLS needs --tls"]),
        ]:
            with self.subTest(arguments):
                self.fails(UNAVAILABLE, ["UNAVAILABLE: ", *texts], *self.empty_call(*arguments))


if __name__ == "__main__":
    unittest.main()
