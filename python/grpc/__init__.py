"""gRPC for Python, over Godwit's engine: the API of grpcio 1.85.1.

What is not needed to import this module is loaded when it is first used: grpc.aio, the engine, channels, servers.
"""
import sys as _sys

from grpc._enums import ChannelConnectivity, Compression, LocalConnectionType, StatusCode
from grpc._gencode_finder import install as _install_gencode_finder
from grpc._interfaces import (AuthMetadataContext, AuthMetadataPlugin, AuthMetadataPluginCallback, Call, CallCredentials,
                              ChannelCredentials, ClientCallDetails, Future, FutureCancelledError, FutureTimeoutError,
                              RpcContext, RpcError, ServerCertificateConfiguration, ServerCredentials, Status,
                              StreamStreamClientInterceptor, StreamUnaryClientInterceptor, UnaryStreamClientInterceptor,
                              UnaryUnaryClientInterceptor)
from grpc._interfaces_rpc import (Channel, GenericRpcHandler, HandlerCallDetails, RpcMethodHandler, Server,
                                  ServerInterceptor, ServicerContext, ServiceRpcHandler, StreamStreamMultiCallable,
                                  StreamUnaryMultiCallable, UnaryStreamMultiCallable, UnaryUnaryMultiCallable)
from grpc._options import VERSION as __version__

_OWN_MODULES = frozenset(("aio", "experimental", "_channel", "_common", "_compression", "_cython", "_godwit",
                          "_interceptor", "_server", "_utilities", "_runtime_protos", "_simple_stubs"))
# Other distributions that can be had as grpc.NAME.
_OTHER_MODULES = {"tools": "grpc_tools", "health": "grpc_health", "reflection": "grpc_reflection"}


def __getattr__(name):
    if name in _OWN_MODULES:
        import importlib
        return importlib.import_module("grpc." + name)
    if name in _OTHER_MODULES:
        import importlib
        try:
            module = importlib.import_module(_OTHER_MODULES[name])
        except ImportError as error:
            raise AttributeError(f"module 'grpc' has no attribute {name!r}: {error}") from error
        _sys.modules["grpc." + name] = globals()[name] = module
        return module
    raise AttributeError(f"module 'grpc' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | _OWN_MODULES)


# ---- clients

def insecure_channel(target, options=None, compression=None):
    """A channel to `target` ("host:port", "unix:/path", "dns:///name:port") without TLS.

    options: (name, value) pairs, see docs/guide/python.md.
    """
    from grpc import _channel
    return _channel.Channel(target, () if options is None else options, None, compression)


def secure_channel(target, credentials, options=None, compression=None):
    """A channel with credentials, such as those of ssl_channel_credentials()."""
    from grpc import _channel, _credentials
    if not isinstance(credentials, ChannelCredentials):
        raise TypeError("secure_channel takes credentials such as grpc.ssl_channel_credentials(), not "
                        f"{type(credentials).__name__}")
    inner = credentials._credentials
    return _channel.Channel(target, () if options is None else options,
                            None if inner is _credentials.INSECURE else inner, compression)


def intercept_channel(channel, *interceptors):
    """A channel whose calls go through `interceptors`, the first one first."""
    from grpc import _interceptor
    return _interceptor.intercept_channel(channel, *interceptors)


def channel_ready_future(channel):
    """A Future that is done when the channel is READY; it begins to connect."""
    from grpc import _utilities
    return _utilities.channel_ready_future(channel)


# ---- servers

def server(thread_pool, handlers=None, interceptors=None, options=None, maximum_concurrent_rpcs=None, compression=None,
           xds=False):
    """A server whose handlers run on `thread_pool`, a concurrent.futures.Executor.

    maximum_concurrent_rpcs: calls beyond it are refused with RESOURCE_EXHAUSTED.
    """
    from grpc import _server
    return _server.create_server(thread_pool, () if handlers is None else handlers,
                                 () if interceptors is None else interceptors, () if options is None else options,
                                 maximum_concurrent_rpcs, compression, xds)


def _create_servicer_context(rpc_event, state, request_deserializer):
    from contextlib import nullcontext

    from grpc import _server
    return nullcontext(_server._Context(rpc_event, state, request_deserializer))


def unary_unary_rpc_method_handler(behavior, request_deserializer=None, response_serializer=None):
    """The RpcMethodHandler of behavior(request, context), which returns the reply."""
    from grpc import _utilities
    return _utilities.RpcMethodHandler(False, False, request_deserializer, response_serializer, behavior, None, None,
                                       None)


def unary_stream_rpc_method_handler(behavior, request_deserializer=None, response_serializer=None):
    """The RpcMethodHandler of behavior(request, context), which returns an iterator of replies."""
    from grpc import _utilities
    return _utilities.RpcMethodHandler(False, True, request_deserializer, response_serializer, None, behavior, None,
                                       None)


def stream_unary_rpc_method_handler(behavior, request_deserializer=None, response_serializer=None):
    """The RpcMethodHandler of behavior(request_iterator, context), which returns the reply."""
    from grpc import _utilities
    return _utilities.RpcMethodHandler(True, False, request_deserializer, response_serializer, None, None, behavior,
                                       None)


def stream_stream_rpc_method_handler(behavior, request_deserializer=None, response_serializer=None):
    """The RpcMethodHandler of behavior(request_iterator, context), which returns an iterator of replies."""
    from grpc import _utilities
    return _utilities.RpcMethodHandler(True, True, request_deserializer, response_serializer, None, None, None,
                                       behavior)


def method_handlers_generic_handler(service, method_handlers):
    """A GenericRpcHandler of one service: RpcMethodHandlers by method name."""
    from grpc import _utilities
    return _utilities.DictionaryGenericHandler(service, method_handlers)


# ---- credentials

def ssl_channel_credentials(root_certificates=None, private_key=None, certificate_chain=None):
    """TLS. PEM bytes; without roots, those of the system."""
    from grpc import _credentials
    return ChannelCredentials(_credentials.Tls(root_certificates, private_key, certificate_chain))


def local_channel_credentials(local_connect_type=LocalConnectionType.LOCAL_TCP):
    """For servers on the same machine: no TLS, and call credentials may be used."""
    from grpc import _credentials
    return ChannelCredentials(_credentials.Local(local_connect_type))


def composite_channel_credentials(channel_credentials, *call_credentials):
    """Channel credentials, and call credentials for each of its calls."""
    from grpc import _credentials
    return ChannelCredentials(_credentials.compose_channel(channel_credentials, call_credentials))


def compute_engine_channel_credentials(call_credentials):
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("compute_engine_channel_credentials")


def alts_channel_credentials(service_accounts=None):
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("alts_channel_credentials")


def xds_channel_credentials(fallback_credentials=None):
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("xds_channel_credentials")


def metadata_call_credentials(metadata_plugin, name=None):
    """Metadata of an AuthMetadataPlugin, asked for each call."""
    from grpc import _credentials
    return CallCredentials(_credentials.Plugin(metadata_plugin, name))


def access_token_call_credentials(access_token):
    """"authorization: Bearer TOKEN" with each call."""
    from grpc import _credentials
    return CallCredentials(_credentials.Token(access_token))


def composite_call_credentials(*call_credentials):
    """Several, one after the other."""
    from grpc import _credentials
    return CallCredentials(_credentials.compose_calls(call_credentials))


def ssl_server_credentials(private_key_certificate_chain_pairs, root_certificates=None, require_client_auth=False):
    """TLS. pairs: (private key, certificate chain), PEM bytes; the roots are for clients' certificates."""
    from grpc import _credentials
    return ServerCredentials(_credentials.ServerTls(private_key_certificate_chain_pairs, root_certificates,
                                                    require_client_auth))


def ssl_server_certificate_configuration(private_key_certificate_chain_pairs, root_certificates=None):
    """Keys and certificates for dynamic_ssl_server_credentials()."""
    from grpc import _credentials
    return ServerCertificateConfiguration(_credentials.ServerTls(private_key_certificate_chain_pairs, root_certificates,
                                                                 False))


def dynamic_ssl_server_credentials(initial_certificate_configuration, certificate_configuration_fetcher,
                                   require_client_authentication=False):
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("dynamic_ssl_server_credentials")


def insecure_server_credentials():
    """No TLS."""
    from grpc import _credentials
    return ServerCredentials(_credentials.INSECURE)


def local_server_credentials(local_connect_type=LocalConnectionType.LOCAL_TCP):
    """For clients on the same machine: no TLS."""
    from grpc import _credentials
    return ServerCredentials(_credentials.Local(local_connect_type))


def alts_server_credentials():
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("alts_server_credentials")


def xds_server_credentials(fallback_credentials):
    """Comes later."""
    from grpc import _credentials
    _credentials.comes_later("xds_server_credentials")


# ---- code from .proto files while the program runs

def protos(protobuf_path):
    """The module of messages (x_pb2) of a .proto file below a folder of sys.path. Needs grpcio-tools."""
    from grpc import _runtime_protos
    return _runtime_protos.protos(protobuf_path)


def services(protobuf_path):
    """The module of services (x_pb2_grpc) of a .proto file below a folder of sys.path. Needs grpcio-tools."""
    from grpc import _runtime_protos
    return _runtime_protos.services(protobuf_path)


def protos_and_services(protobuf_path):
    """(protos(path), services(path))."""
    from grpc import _runtime_protos
    return _runtime_protos.protos_and_services(protobuf_path)


def _explain_gencode(error):
    """Called by generated modules: where protobuf refuses another generated module, `error` gets the cure."""
    from grpc import _gencode
    _gencode.explain(error)


_install_gencode_finder()


__all__ = (
    "AuthMetadataContext", "AuthMetadataPlugin", "AuthMetadataPluginCallback", "Call", "CallCredentials", "Channel",
    "ChannelConnectivity", "ChannelCredentials", "ClientCallDetails", "Compression", "Future", "FutureCancelledError",
    "FutureTimeoutError", "GenericRpcHandler", "HandlerCallDetails", "LocalConnectionType", "RpcContext", "RpcError",
    "RpcMethodHandler", "Server", "ServerCertificateConfiguration", "ServerCredentials", "ServerInterceptor",
    "ServiceRpcHandler", "ServicerContext", "Status", "StatusCode", "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable", "StreamUnaryClientInterceptor", "StreamUnaryMultiCallable",
    "UnaryStreamClientInterceptor", "UnaryStreamMultiCallable", "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable", "access_token_call_credentials", "alts_channel_credentials", "alts_server_credentials",
    "channel_ready_future", "composite_call_credentials", "composite_channel_credentials",
    "compute_engine_channel_credentials", "dynamic_ssl_server_credentials", "insecure_channel",
    "insecure_server_credentials", "intercept_channel", "local_channel_credentials", "local_server_credentials",
    "metadata_call_credentials", "method_handlers_generic_handler", "protos", "protos_and_services", "secure_channel",
    "server", "services", "ssl_channel_credentials", "ssl_server_certificate_configuration", "ssl_server_credentials",
    "stream_stream_rpc_method_handler", "stream_unary_rpc_method_handler", "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler", "xds_channel_credentials", "xds_server_credentials",
)
