"""docs/guide/python-tools.md, done as it is printed."""
import os
import subprocess
import sys

import pytest
from test_guide import steps
from tools_support import REPOSITORY

GUIDE = REPOSITORY / "docs" / "guide" / "python-tools.md"


def test_the_guide(tmp_path):
    pytest.importorskip("setuptools")
    env = {**os.environ, "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"], "LC_ALL": "C",
           "PYTHONDONTWRITEBYTECODE": "1"}
    output, done = "", []
    for step, path, block in steps(GUIDE.read_text(encoding="utf-8")):
        done.append(step)
        if step == "write":
            (tmp_path / path).write_text(block)
        elif step == "run":
            result = subprocess.run(["bash", "-ec", block], cwd=tmp_path, env=env, capture_output=True, text=True,
                                    timeout=60)
            assert result.returncode == 0, block + result.stdout + result.stderr
            output = result.stdout
        else:
            assert output == block
    assert {step: done.count(step) for step in set(done)} == {"write": 2, "run": 4, "see": 4}
