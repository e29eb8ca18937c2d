"""python -m grpc.doctor: which grpc a program gets, and whether another one has taken its place.

The distribution grpcio has this as a package, grpcio-tools as the module grpc/doctor.py, which the package hides: it is still
there when another grpcio was installed, since pip takes away what the old one had.
"""
import importlib.machinery
import importlib.metadata
import os
import sys

OURS = "+godwit"
VERSION = "1.85.1" + OURS


def _distributions():
    """(name, version, folder) of everything that is called grpcio or grpcio-tools, all along sys.path."""
    for distribution in importlib.metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if name in ("grpcio", "grpcio-tools"):
            yield name, distribution.version, str(distribution.locate_file(""))


def _engine(problems):
    import grpc
    folder = os.path.dirname(os.path.abspath(grpc.__file__))
    try:
        from grpc import _godwit
    except ImportError as error:
        others = [name for name in os.listdir(folder) if name.startswith("_godwit.") and not name.endswith(".pyi")]
        fitting = "_godwit" + importlib.machinery.EXTENSION_SUFFIXES[0]
        if not os.path.exists(os.path.join(folder, "_executor.py")):
            problems.append(f"{folder} is another grpcio: pip uninstall grpcio, then install this one again")
        elif fitting in others:
            problems.append(f"the extension can't be loaded: {error}")
        elif others:
            problems.append(f"the extension is there as {', '.join(others)}, for another Python than "
                            f"{sys.version.split()[0]}: install again with this one")
        else:
            problems.append(f"the extension is missing in {folder}: install again")
        return f"grpc {grpc.__version__} in {folder}"
    return f"grpc {grpc.__version__} in {folder}, engine {_godwit.__version__}"


def main():
    """Prints what is found; 1 if something is wrong."""
    problems = []
    lines = [f"Python {sys.version.split()[0]} ({sys.executable})", _engine(problems)]
    found = list(_distributions())
    for name, version, folder in found:
        lines.append(f"{name} {version} in {folder}")
        if not version.endswith(OURS):
            problems.append(f"{name} {version} is not Godwit's: pip has put it in its place. pip uninstall {name}, then "
                            f"pip install -c build/constraints.txt {name}, with the file that make python wrote "
                            f"({name}=={VERSION})")
    if not any(name == "grpcio" for name, _, _ in found):
        lines.append("grpcio is not installed as a distribution: the package comes from PYTHONPATH")
    try:
        lines.append(f"protobuf {importlib.metadata.version('protobuf')}")
    except importlib.metadata.PackageNotFoundError:
        lines.append("protobuf is not installed: generated messages need it (pip install protobuf)")
    print("\n".join(lines))
    for problem in problems:
        print("PROBLEM:", problem)
    print("All is well." if not problems else f"{len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
