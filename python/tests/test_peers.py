"""With the reference, both ways."""
import os
import subprocess
import sys

import pytest
from conftest import HERE, PEER_PYTHON

OURS, REFERENCE = sys.executable, str(PEER_PYTHON)


def environment(python):
    """The reference must not find our package."""
    return {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "") if python == OURS else ""}


@pytest.mark.parametrize("server, client", [(OURS, REFERENCE), (REFERENCE, OURS), (OURS, OURS)],
                         ids=["reference calls", "reference serves", "both ours"])
def test_peer(server, client):
    if not PEER_PYTHON.exists():
        pytest.skip("tools/setup peers-python makes the peer's environment")
    with subprocess.Popen([server, str(HERE / "peer.py"), "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=environment(server)) as process:
        try:
            port = process.stdout.readline().strip()
            result = subprocess.run([client, str(HERE / "peer.py"), "client", port], capture_output=True, text=True,
                                    timeout=60, env=environment(client))
            assert (result.stdout, result.returncode) == ("ok\n", 0), result.stderr
            process.stdin.close()
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
