"""Watches imports of generated modules (x_pb2), so that an error of protobuf about one says what to type.

It finds nothing by itself: the other finders do, and a module from a file is run as ever. Modules of protobuf are let be.
"""
import sys
import threading
from _frozen_importlib_external import SourceFileLoader
from functools import partial


class _Running(threading.local):
    """How many generated modules are being imported, one by another. The outermost explains for all of them."""
    depth = 0


_running = _Running()


class GencodeFinder:
    """In sys.meta_path, before the others."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.endswith("_pb2") or name.startswith("google.protobuf."):
            return None
        for finder in tuple(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = None if find is None or _is_ours(finder) else find(name, path, target)
            if spec is not None:
                if type(spec.loader) is SourceFileLoader:
                    spec.loader.exec_module = partial(_run, spec.loader)
                return spec
        return None


def _is_ours(finder):
    """Also one of a grpc that was imported before this one, in the same process."""
    return getattr(finder, "__module__", "") == __name__


def _run(loader, module):
    """Stands in place of loader.exec_module for one import."""
    del loader.exec_module
    _running.depth += 1
    try:
        loader.exec_module(module)
    except Exception as error:
        if _running.depth == 1:
            from grpc import _gencode
            _gencode.explain(error)
        raise
    finally:
        _running.depth -= 1


def install():
    """Once, when grpc is imported."""
    if not any(map(_is_ours, sys.meta_path)):
        sys.meta_path.insert(0, GencodeFinder)
