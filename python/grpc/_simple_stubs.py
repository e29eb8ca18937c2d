"""Calls without a channel of one's own: channels are kept for a while, by target and options."""
import collections
import os
import threading
import time

import grpc
from grpc.experimental import experimental_api, insecure_channel_credentials

_EVICTION_SECONDS = float(os.environ.get("GRPC_PYTHON_MANAGED_CHANNEL_EVICTION_SECONDS", 600))
_MAXIMUM_CHANNELS = int(os.environ.get("GRPC_PYTHON_MANAGED_CHANNEL_MAXIMUM", 256))
_DEFAULT_TIMEOUT = float(os.environ.get("GRPC_PYTHON_DEFAULT_TIMEOUT_SECONDS", 60.0))


class ChannelCache:
    """Channels, the one used longest ago first. Old ones are closed when the next one is asked for."""

    _lock = threading.Lock()
    _singleton = None

    def __init__(self):
        self._channels = collections.OrderedDict()

    @staticmethod
    def get():
        with ChannelCache._lock:
            if ChannelCache._singleton is None:
                ChannelCache._singleton = ChannelCache()
            return ChannelCache._singleton

    def get_channel(self, target, options, channel_credentials, insecure, compression):
        if insecure and channel_credentials:
            raise ValueError("insecure=True and channel_credentials exclude each other: give one of them")
        insecure = insecure or channel_credentials is insecure_channel_credentials()
        key = (target, tuple(options), insecure, channel_credentials, compression)
        now = time.monotonic()
        with self._lock:
            entry = self._channels.pop(key, None)
            channel = entry[0] if entry else None
            if channel is None:
                if insecure:
                    channel = grpc.insecure_channel(target, options, compression)
                else:
                    channel = grpc.secure_channel(target, channel_credentials or grpc.ssl_channel_credentials(), options,
                                                  compression)
            self._channels[key] = (channel, now + _EVICTION_SECONDS)
            while len(self._channels) > _MAXIMUM_CHANNELS or next(iter(self._channels.values()))[1] < now:
                self._channels.popitem(last=False)[1][0].close()
        return channel


def _method(kind, target, method, request_serializer, response_deserializer, options, channel_credentials, insecure,
            compression, registered):
    channel = ChannelCache.get().get_channel(target, options, channel_credentials, insecure, compression)
    return getattr(channel, kind)(method, request_serializer, response_deserializer, registered)


def _ready(wait_for_ready):
    return True if wait_for_ready is None else wait_for_ready


@experimental_api
def unary_unary(request, target, method, request_serializer=None, response_deserializer=None, options=(),
                channel_credentials=None, insecure=False, call_credentials=None, compression=None, wait_for_ready=None,
                timeout=_DEFAULT_TIMEOUT, metadata=None, _registered_method=False):
    """One request, one reply: returns the reply."""
    return _method("unary_unary", target, method, request_serializer, response_deserializer, options,
                   channel_credentials, insecure, compression, _registered_method)(
                       request, timeout, metadata, call_credentials, _ready(wait_for_ready))


@experimental_api
def unary_stream(request, target, method, request_serializer=None, response_deserializer=None, options=(),
                 channel_credentials=None, insecure=False, call_credentials=None, compression=None, wait_for_ready=None,
                 timeout=_DEFAULT_TIMEOUT, metadata=None, _registered_method=False):
    """One request: returns an iterator of replies."""
    return _method("unary_stream", target, method, request_serializer, response_deserializer, options,
                   channel_credentials, insecure, compression, _registered_method)(
                       request, timeout, metadata, call_credentials, _ready(wait_for_ready))


@experimental_api
def stream_unary(request_iterator, target, method, request_serializer=None, response_deserializer=None, options=(),
                 channel_credentials=None, insecure=False, call_credentials=None, compression=None, wait_for_ready=None,
                 timeout=_DEFAULT_TIMEOUT, metadata=None, _registered_method=False):
    """A stream of requests, one reply: returns the reply."""
    return _method("stream_unary", target, method, request_serializer, response_deserializer, options,
                   channel_credentials, insecure, compression, _registered_method)(
                       request_iterator, timeout, metadata, call_credentials, _ready(wait_for_ready))


@experimental_api
def stream_stream(request_iterator, target, method, request_serializer=None, response_deserializer=None, options=(),
                  channel_credentials=None, insecure=False, call_credentials=None, compression=None,
                  wait_for_ready=None, timeout=_DEFAULT_TIMEOUT, metadata=None, _registered_method=False):
    """Streams both ways: returns an iterator of replies."""
    return _method("stream_stream", target, method, request_serializer, response_deserializer, options,
                   channel_credentials, insecure, compression, _registered_method)(
                       request_iterator, timeout, metadata, call_credentials, _ready(wait_for_ready))
