"""Files for the compiler."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from tools_support import GREETER  # noqa: E402


@pytest.fixture
def greeter(tmp_path):
    """A folder with greeter.proto."""
    (tmp_path / "greeter.proto").write_text(GREETER)
    return tmp_path
