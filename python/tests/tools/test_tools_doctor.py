"""python -m grpc.doctor: whose grpc it is."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import grpc


def doctor(cwd, **environment):
    """Run as a program, in the folder of another installation: what lies there comes first."""
    return subprocess.run([sys.executable, "-m", "grpc.doctor"], cwd=cwd, env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=60)


def another_grpcio(site, version="1.99.0"):
    (site / "grpc").mkdir()
    (site / "grpc" / "__init__.py").write_text(f"__version__ = {version!r}\n")
    (site / f"grpcio-{version}.dist-info").mkdir()
    (site / f"grpcio-{version}.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: grpcio\nVersion: {version}\n")


def test_all_is_well(tmp_path):
    done = doctor(tmp_path)
    if "comes from PYTHONPATH" not in done.stdout:
        assert "grpcio 1.85.1+godwit in " in done.stdout
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"grpc 1.85.1 in {os.path.dirname(grpc.__file__)}, engine " in done.stdout
    assert "All is well." in done.stdout


def test_another_grpcio_in_its_place(tmp_path):
    # pip took away what ours had, and put the other there. What grpcio-tools has was left.
    another_grpcio(tmp_path)
    shutil.copy(pathlib.Path(grpc.__file__).parent / "doctor.py", tmp_path / "grpc")
    done = doctor(tmp_path)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert f"grpc 1.99.0 in {tmp_path / 'grpc'}\n" in done.stdout
    assert f"{tmp_path / 'grpc'} is another grpcio" in done.stdout
    assert "grpcio 1.99.0 is not Godwit's" in done.stdout and "grpcio==1.85.1+godwit" in done.stdout


@pytest.mark.parametrize("extension, word", [
    ("", "the extension is missing"),
    ("_godwit.cpython-27-x86_64-linux-gnu.so", "for another Python than"),
])
def test_an_extension_that_does_not_fit(extension, word, tmp_path):
    shutil.copytree(pathlib.Path(grpc.__file__).parent, tmp_path / "grpc", symlinks=False,
                    ignore=shutil.ignore_patterns("_godwit*.so", "__pycache__"))
    if extension:
        (tmp_path / "grpc" / extension).write_bytes(b"")
    done = doctor(tmp_path)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert word in done.stdout and "install again" in done.stdout
