"""Channels."""
import threading

from grpc import _common, _events, _fork, _godwit, _options
from grpc._call import (_InactiveRpcError, _InvalidMetadataError, _MultiThreadedRendezvous, _Rendezvous, _RPCState,
                        _SingleThreadedRendezvous)
from grpc._enums import CONNECTIVITIES, ChannelConnectivity
from grpc._interfaces_rpc import Channel as _ChannelBase
from grpc._multi_callable import (_SingleThreadedUnaryStreamMultiCallable, _StreamStreamMultiCallable,
                                  _StreamUnaryMultiCallable, _UnaryStreamMultiCallable, _UnaryUnaryMultiCallable)

_fork.install(_godwit)
_USER_AGENT = ("grpc.primary_user_agent", f"grpc-python/{_options.VERSION}")  # after the user's own words


class _Closed:
    """In the place of an engine's channel that was closed."""

    def _refuse(self, *args, **kwargs):
        raise ValueError("Cannot invoke RPC on closed channel!")

    unary_blocking = start_call = _refuse

    def state(self, try_to_connect=False):
        return 4

    def watch(self, watch):
        pass

    unwatch = watch

    def close(self):
        pass


class _Renewing:
    """In the place of an engine's channel that was the parent process's: what is called first makes a new one."""

    def __init__(self, channel):
        self._channel = channel
        self._lock = threading.Lock()

    def __getattr__(self, name):
        with self._lock:
            channel = self._channel
            if channel._engine is self:
                channel._connect()
        return getattr(channel._engine, name)


class _Subscription:
    """One callback of Channel.subscribe(), with a thread that waits for changes."""

    def __init__(self, engine, callback, try_to_connect):
        self.callback = callback
        self._engine = engine
        self._queue = _godwit.EventQueue()
        self._watch = _godwit.Watch(self._queue)
        self._ended = False
        engine.watch(self._watch)
        thread = _events.start_thread(self._run, (bool(try_to_connect),), "grpc-connectivity")
        self._handle = _fork.at_exit(self._queue.close, thread)

    def _run(self, try_to_connect):
        last = None
        while not self._ended:
            state = self._engine.state(try_to_connect)
            try_to_connect = False
            if state != last:
                last = state
                try:
                    self.callback(CONNECTIVITIES[state])
                except Exception:
                    _events.log_failure(self.callback)
            if last == 4 or not self._queue.wait():
                break
            self._queue.drain()
        self._engine.unwatch(self._watch)

    def connect(self):
        self._engine.state(True)

    def end(self):
        self._ended = True
        self._queue.close()
        _fork.forget(self._handle)


class Channel(_ChannelBase):
    """What grpc.insecure_channel() and grpc.secure_channel() return."""

    def __init__(self, target, options, credentials, compression):
        self._target = _common.decode(target)
        if not isinstance(self._target, str):
            raise TypeError(f"a target is a str such as \"localhost:50051\", not {type(target).__name__}")
        self._options, own = _options.split(options)
        self._single_threaded_unary_stream = _options.SINGLE_THREADED in own
        # The engine's channel: None or something else that has its functions after close() and fork().
        self._tls = None if credentials is None else credentials.engine()
        self._secure = credentials is not None
        self._call_credentials = credentials.calls if credentials is not None and credentials.calls else None
        self._subscriptions = []
        self._lock = threading.Lock()
        self._connect()
        _fork.renew(self)

    def _connect(self):
        self._engine = _godwit.Channel(self._target, [*self._options, _USER_AGENT], self._tls)

    def _after_fork_in_child(self):
        self._lock = threading.Lock()
        if isinstance(self._engine, _Closed):
            return
        self._engine = _Renewing(self)
        # Their threads are the parent's. They go on here, as the reference's do.
        self._subscriptions = [_Subscription(self._engine, s.callback, False) for s in self._subscriptions]

    def subscribe(self, callback, try_to_connect=None):
        subscription = _Subscription(self._engine, callback, try_to_connect)
        with self._lock:
            self._subscriptions.append(subscription)

    def unsubscribe(self, callback):
        with self._lock:
            for subscription in self._subscriptions:
                if subscription.callback == callback:
                    self._subscriptions.remove(subscription)
                    subscription.end()
                    return

    def _unsubscribe_all(self):
        with self._lock:
            ended, self._subscriptions = self._subscriptions, []
        for subscription in ended:
            subscription.end()

    def _authority(self):
        for name, value in self._options:
            if name == "grpc.default_authority":
                return value
        return self._target.rpartition("/")[2]

    def _make(self, kind, method, request_serializer, response_deserializer):
        return kind(self, None, _common.encode(method), _common.encode(self._target), request_serializer,
                    response_deserializer, None)

    def unary_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_UnaryUnaryMultiCallable, method, request_serializer, response_deserializer)

    def unary_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_SingleThreadedUnaryStreamMultiCallable if self._single_threaded_unary_stream
                          else _UnaryStreamMultiCallable, method, request_serializer, response_deserializer)

    def stream_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_StreamUnaryMultiCallable, method, request_serializer, response_deserializer)

    def stream_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_StreamStreamMultiCallable, method, request_serializer, response_deserializer)

    def _close(self):
        self._unsubscribe_all()
        engine, self._engine = self._engine, _Closed()
        if not isinstance(engine, _Renewing):
            engine.close()

    def close(self):
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self._close()
        return False

    def __del__(self):
        try:
            self._unsubscribe_all()
        except Exception:
            pass
