"""Prints as JSON what x_pb2_grpc modules do with a channel and with a server, and how they document themselves.

usage: dump_services.py FOLDER MODULE...
"""
import importlib
import inspect
import json
import sys
from unittest import mock


def name_of(bound):
    """'M.FromString' of a method bound to the class of a message."""
    owner = getattr(bound, "__self__", None) or getattr(bound, "__objclass__", None)
    return f"{getattr(owner, '__name__', owner)}.{bound.__name__}"


def plain(arguments, keywords):
    show = [a if isinstance(a, (str, tuple, dict, bool, type(None))) else name_of(a) for a in arguments]
    return [show, {k: v if isinstance(v, bool) else name_of(v) for k, v in keywords.items()}]


class Recorder:
    """Notes what is called on it."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*arguments, **keywords):
            self.calls.append([name, *plain(arguments, keywords)])
            return f"{name} {arguments[0]}"
        return call


class RecordingServer:
    def __init__(self):
        self.handlers = {}
        self.registered = []

    def add_generic_rpc_handlers(self, handlers):
        for handler in handlers:
            self.service = handler.service_name()
            self.generic = handler

    def add_registered_method_handlers(self, service, handlers):
        self.registered.append(service)
        self.handlers = {name: [h.request_streaming, h.response_streaming, name_of(h.request_deserializer),
                                name_of(h.response_serializer), name_of(h.unary_unary or h.unary_stream or h.stream_unary
                                                                        or h.stream_stream).split(".")[-1]]
                         for name, h in handlers.items()}


def dump_service(module, name, grpc):
    stub_class, servicer = getattr(module, name + "Stub"), getattr(module, name + "Servicer")
    channel, server = Recorder(), RecordingServer()
    stub = stub_class(channel)
    getattr(module, f"add_{name}Servicer_to_server")(servicer(), server)
    static = getattr(module, name)
    methods = [m for m in vars(servicer) if not m.startswith("_")]
    refusals = {}
    for method in methods:
        context = Recorder()
        try:
            getattr(servicer(), method)(None, context_double(context))
        except NotImplementedError as error:
            refusals[method] = [str(error), context.calls]
    once = {}
    for method in methods:
        recorder = Recorder()
        with mock.patch.multiple("grpc.experimental", **{k: getattr(recorder, k) for k in KINDS}):
            getattr(static, method)("request", "target", insecure=True)
        once[method] = recorder.calls
    return {
        "docs": [c.__doc__ for c in (stub_class, servicer, static)],
        "method docs": {m: getattr(servicer, m).__doc__ for m in methods},
        "signatures": {m: [str(inspect.signature(getattr(servicer, m))), str(inspect.signature(getattr(static, m)))]
                       for m in methods},
        "stub": sorted(vars(stub)),
        "channel": channel.calls,
        "server": [server.service, server.registered, server.handlers],
        "refusals": refusals,
        "once": once,
    }


KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def context_double(recorder):
    context = mock.Mock()
    context.set_code.side_effect = lambda code: recorder.calls.append(["set_code", code.name])
    context.set_details.side_effect = lambda text: recorder.calls.append(["set_details", text])
    return context


def dump(module, grpc):
    services = [n[:-len("Servicer")] for n in vars(module) if n.endswith("Servicer") and not n.startswith("add_")]
    return {name: dump_service(module, name, grpc) for name in services}


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import grpc
    import grpc.experimental
    modules = [importlib.import_module(name) for name in sys.argv[2:]]
    print(json.dumps({m.__name__: dump(m, grpc) for m in modules}, indent=1, sort_keys=True))
