"""grpc.aio's server with the reference's clients, and with our own."""
import subprocess
import sys

import pytest
from conftest import HERE, PEER_PYTHON

OURS, REFERENCE = sys.executable, str(PEER_PYTHON)


def command(python, program, *arguments):
    """The reference must not find our package, whatever PYTHONPATH says."""
    return [python, *([] if python == OURS else ["-I"]), str(HERE / program), *arguments]


def has_client():
    import grpc.aio
    try:
        return bool(grpc.aio.insecure_channel)
    except ImportError:
        return False


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("client, program", [(REFERENCE, "peer.py"), (REFERENCE, "aio_peer.py"), (OURS, "peer.py"),
                                             (OURS, "aio_peer.py")],
                         ids=["reference", "reference aio", "ours", "ours aio"])
def test_clients(loop, client, program):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    if client == REFERENCE and not PEER_PYTHON.exists():
        pytest.skip("tools/setup peers-python makes the peer's environment")
    if (client, program) == (OURS, "aio_peer.py") and not has_client():
        pytest.skip("grpc.aio has no client yet")
    with subprocess.Popen(command(OURS, "aio_peer.py", "server", loop), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip()
            result = subprocess.run(command(client, program, "client", port), capture_output=True, text=True,
                                    timeout=60)
            assert (result.stdout, result.returncode) == ("ok\n", 0), result.stderr
            process.stdin.close()
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
