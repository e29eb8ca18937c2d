"""With the reference, both ways."""
import subprocess
import sys

import pytest
from conftest import HERE, PEER_PYTHON

OURS, REFERENCE = sys.executable, str(PEER_PYTHON)


def command(python, *arguments):
    """The reference must not find our package, whatever PYTHONPATH says."""
    return [python, *([] if python == OURS else ["-I"]), str(HERE / "peer.py"), *arguments]


@pytest.mark.parametrize("server, client", [(OURS, REFERENCE), (REFERENCE, OURS), (OURS, OURS)],
                         ids=["reference calls", "reference serves", "both ours"])
def test_peer(server, client):
    if not PEER_PYTHON.exists():
        pytest.skip("tools/setup peers-python makes the peer's environment")
    with subprocess.Popen(command(server, "server"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip()
            result = subprocess.run(command(client, "client", port), capture_output=True, text=True, timeout=60)
            assert (result.stdout, result.returncode) == ("ok\n", 0), result.stderr
            process.stdin.close()
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
