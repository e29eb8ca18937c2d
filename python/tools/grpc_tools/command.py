"""Commands for setuptools: `build_proto_modules`, to be named in setup.py or in pyproject.toml."""
import os
import sys

import setuptools

from grpc_tools import protoc


def build_package_protos(package_root: str, strict_mode: bool = False) -> None:
    """Compiles every .proto file below package_root; the modules and their types are written beside it.

    strict_mode: a file that has errors raises; otherwise there is a warning on stderr and the others are compiled.
    """
    well_known = protoc._get_resource_file_name("grpc_tools", "_proto")
    files = []
    for folder, folders, names in os.walk(package_root):
        folders.sort()
        files.extend(os.path.join(folder, name) for name in sorted(names) if name.endswith(".proto"))
    for file in files:
        command = ["grpc_tools.protoc", f"--proto_path={package_root}", f"--proto_path={well_known}",
                   f"--python_out={package_root}", f"--pyi_out={package_root}", f"--grpc_python_out={package_root}", file]
        if protoc.main(command) != 0:
            if strict_mode:
                raise Exception(f"error: {command} failed")
            sys.stderr.write(f"warning: {command} failed\n")


class BuildPackageProtos(setuptools.Command):
    """Makes the modules of a project's .proto files: those below package_dir[""]."""

    description = "build grpc protobuf modules"
    user_options = [("strict-mode", "s", "exit with non-zero value if the proto compiling fails.")]

    def initialize_options(self) -> None:
        self.strict_mode = False

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        # The folder that import names start from. A project whose packages lie beside its setup.py has none.
        build_package_protos((self.distribution.package_dir or {}).get("", "."), self.strict_mode)
