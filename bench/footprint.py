"""What connections and streams that do nothing cost a server: the growth of its resident memory, in KiB for each.

The client's side is plain sockets and hand-made frames (RFC 9113), so that nothing but the server is measured. Every
connection is followed to a point where the server has nothing left to do: no waiting, no guessing.
"""
import contextlib
import pathlib
import re
import resource
import socket
import ssl
import subprocess

COUNT = 1000
CONNECTIONS_OF_STREAMS = 50
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
ACK = END_STREAM = 1
END_HEADERS = 4


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    """A field that enters no table, RFC 7541 section 6.2.2."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request(path):
    return b"".join(literal(*field) for field in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers")))


class Connection:
    """Connected, SETTINGS exchanged and acknowledged."""

    def __init__(self, port, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
            if self.socket.selected_alpn_protocol() != "h2":
                raise RuntimeError("the server did not choose h2")
        self.bytes = b""
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
        self.wait(lambda kind, flags, stream: kind == SETTINGS and not flags & ACK)
        self.socket.sendall(frame(SETTINGS, ACK, 0))
        self.settle()

    def wait(self, wanted, count=1):
        """Reads up to the `count`th frame for which wanted(kind, flags, stream) is true."""
        while True:
            while len(self.bytes) >= 9 and len(self.bytes) >= 9 + int.from_bytes(self.bytes[:3], "big"):
                size, kind, flags = int.from_bytes(self.bytes[:3], "big"), self.bytes[3], self.bytes[4]
                stream = int.from_bytes(self.bytes[5:9], "big")
                if kind == PING and not flags & ACK:
                    self.socket.sendall(frame(PING, ACK, 0, self.bytes[9:17]))
                self.bytes = self.bytes[9 + size:]
                count -= wanted(kind, flags, stream)
                if count == 0:
                    return
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the server closed a connection")
            self.bytes += more

    def settle(self):
        """Returns when the server has looked at everything that was sent."""
        self.socket.sendall(frame(PING, 0, 0, b"settle.."))
        self.wait(lambda kind, flags, stream: kind == PING and flags & ACK)

    def call(self, path, message=b""):
        """A unary call, to its end."""
        body = b"\0" + len(message).to_bytes(4, "big") + message
        self.socket.sendall(frame(HEADERS, END_HEADERS, 1, request(path)) + frame(DATA, END_STREAM, 1, body))
        self.wait(lambda kind, flags, stream: stream == 1 and flags & END_STREAM)
        self.settle()

    def open_streams(self, path, count):
        """Bidirectional calls; one message goes there and back on each, and all stay open."""
        body = b"\0\0\0\0\0"
        ids = range(1, 2 * count, 2)
        self.socket.sendall(b"".join(frame(HEADERS, END_HEADERS, i, request(path)) + frame(DATA, 0, i, body) for i in ids))
        self.wait(lambda kind, flags, stream: kind == DATA, count)
        self.settle()


def resident(pid):
    """KiB"""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def allow_descriptors():
    """For this process and the servers that it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < COUNT + 100:
        raise SystemExit(f"the limit of open files is {hard}; {COUNT + 100} are needed: ulimit -Hn")


def make_certificate(folder):
    """(certificate, key) for localhost, below `folder`."""
    certificate, key = pathlib.Path(folder, "cert.pem"), pathlib.Path(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


def client_tls(certificate):
    tls = ssl.create_default_context(cafile=certificate)
    tls.set_alpn_protocols(["h2"])
    return tls


def per_connection(pid, port, path, message, tls=None):
    """(after the handshake, after one call as well): two figures of one server that serves nobody else."""
    with contextlib.ExitStack() as stack:
        def connect():
            connection = Connection(port, tls)
            stack.callback(connection.socket.close)
            return connection

        connect().call(path, message)  # what the first call ever needs
        before = resident(pid)
        connections = [connect() for _ in range(COUNT)]
        idle = resident(pid)
        for connection in connections:
            connection.call(path, message)
        return (idle - before) / COUNT, (resident(pid) - before) / COUNT


def per_stream(pid, port, path):
    with contextlib.ExitStack() as stack:
        connections = [Connection(port) for _ in range(CONNECTIONS_OF_STREAMS + 1)]
        for connection in connections:
            stack.callback(connection.socket.close)
        connections.pop().open_streams(path, 1)
        before = resident(pid)
        for connection in connections:
            connection.open_streams(path, COUNT // CONNECTIONS_OF_STREAMS)
        return (resident(pid) - before) / COUNT
