"""Channels of grpc.aio."""
import asyncio
import sys
import weakref
from asyncio import _get_running_loop

from grpc import _channel, _common, _fork, _godwit, _message_types, _options
from grpc._cython.cygrpc import UsageError
from grpc._enums import CONNECTIVITIES, ChannelConnectivity, StatusCode
from grpc.aio import _base_channel, _pump
from grpc.aio._call import (_ENDED, _INITIAL_METADATA, _NOTHING, StreamStreamCall, StreamUnaryCall, UnaryStreamCall,
                            UnaryUnaryCall, _Weak)
from grpc.aio._metadata import Metadata
from grpc.aio._status import AioRpcError, EndedEngine, InvalidMetadataError

_dispatching = _godwit.dispatching
_READY = ChannelConnectivity.READY
_SHUTDOWN = ChannelConnectivity.SHUTDOWN
_USER_AGENT = ("grpc.primary_user_agent", f"grpc-python-asyncio/{_options.VERSION}")  # after the user's own words


class _Closed(_channel._Closed):
    """In the place of an engine's channel that was closed."""

    def start_call(self, *args):
        raise UsageError("Channel is closed.")


def _loop_for_calls():
    """The running loop; outside of one, the loop that run_until_complete() would be called on."""
    return _get_running_loop() or asyncio.get_event_loop_policy().get_event_loop()


class _BaseMultiCallable:
    """What all four kinds of methods share."""

    def __init__(self, channel, method, request_serializer, response_deserializer, interceptors, references=None,
                 loop=None, _registered_call_handle=0):
        self._channel = channel
        self._path = sys.intern(_common.decode(method))
        self._request_serializer = request_serializer
        self._response_deserializer = response_deserializer
        self._serialize = _common.identity if request_serializer is None else request_serializer
        self._deserialize = _common.identity if response_deserializer is None else response_deserializer
        self._request_type = _message_types.type_for(self._path, 0, request_serializer)
        self._interceptors = interceptors
        self._plain = not interceptors and channel._call_credentials is None

    def _bytes(self, request):
        """The request as bytes. AioRpcError: it can't be sent."""
        wanted = self._request_type
        if wanted is not None and type(request) is not wanted and _message_types.is_other(request, wanted):
            raise self._bad_request(request, None)
        try:
            data = self._serialize(request)
        except Exception as error:
            raise self._bad_request(request, error) from error
        if type(data) is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise self._bad_request(request, None)
            data = bytes(data)
        return data

    def _bad_request(self, request, error):
        from grpc._log import logger
        reason = f"{type(error).__name__}: {error}" if error is not None else "the serializer did not return bytes"
        if self._request_serializer is None:
            reason = "without a serializer, requests are bytes"
        elif self._request_type is not None and type(request) is not self._request_type:
            reason = f"the method takes {self._request_type.__name__}"
        text = f"{self._path}: {type(request).__name__} can't be sent: {reason}"
        logger("grpc.aio").error("%s", text, exc_info=error)
        return AioRpcError(StatusCode.INTERNAL, Metadata(), Metadata(), "Exception serializing request!", text)

    def _ended(self, call, loop, pump, error):
        """A call that fails before it begins."""
        call._begin(EndedEngine(error), loop, pump, self)
        call._over = True
        return call

    def _start(self, call, loop, pump, data, timeout, metadata, wait_for_ready, unary=False):
        """The engine's call, or one that has ended: its metadata can't be sent."""
        try:
            engine = self._channel._engine.start_call(self._path, data, timeout, metadata, wait_for_ready, pump.queue,
                                                      unary)
        except ValueError:
            problem = _godwit.metadata_problem(metadata)
            if problem is None:
                raise
            details = f"Invalid metadata: {self._path}: {problem}"
            self._ended(call, loop, pump, InvalidMetadataError(StatusCode.INTERNAL, Metadata(), Metadata(), details,
                                                                f"local: INTERNAL: {details}"))
            return None
        call._begin(engine, loop, pump, self)
        return engine

    def _intercepted(self, request, timeout, metadata, credentials, wait_for_ready):
        from grpc.aio import _intercepted_call
        if credentials is not None and not self._interceptors:
            self._channel._check_credentials()
        return _intercepted_call.start(self, request, timeout, metadata, credentials, wait_for_ready)


class UnaryUnaryMultiCallable(_BaseMultiCallable, _base_channel.UnaryUnaryMultiCallable):
    """A method: one request, one reply."""

    def __call__(self, request, *, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        # This is the way that most calls go: nothing here that could be elsewhere.
        if not self._plain or credentials is not None:
            return self._intercepted(request, timeout, metadata, credentials, wait_for_ready)
        return self._call(request, timeout, metadata, wait_for_ready)

    def _call(self, request, timeout, metadata, wait_for_ready):
        pump = _dispatching()
        if pump is not None:
            loop = pump.loop()
        else:
            loop = _get_running_loop() or _loop_for_calls()
            pump = _pump.of(loop)
        call = UnaryUnaryCall()
        call._waiter = None
        call._reply = _NOTHING
        try:
            wanted = self._request_type
            if wanted is not None and type(request) is not wanted:
                data = self._bytes(request)
            else:
                data = self._serialize(request)
                if type(data) is not bytes:
                    data = self._bytes(request)
        except AioRpcError as error:
            return self._ended(call, loop, pump, error)
        except Exception as error:
            return self._ended(call, loop, pump, self._bad_request(request, error))
        if metadata:  # may be wrong
            engine = self._start(call, loop, pump, data, timeout, metadata, wait_for_ready, True)
            if engine is None:
                return call
        else:
            engine = self._channel._engine.start_call(self._path, data, timeout, None, wait_for_ready, pump.queue, True)
            call._engine = engine
            call._loop = loop
            call._pump = pump
            call._method = self
            call._over = call._cancelled = False
            call._status = call._waiters = call._callbacks = None
        pump.running.add(call)
        engine.user = call
        return call


class UnaryStreamMultiCallable(_BaseMultiCallable, _base_channel.UnaryStreamMultiCallable):
    """A method: one request, many replies."""

    def __call__(self, request, *, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        if not self._plain or credentials is not None:
            return self._intercepted(request, timeout, metadata, credentials, wait_for_ready)
        return self._call(request, timeout, metadata, wait_for_ready)

    def _call(self, request, timeout, metadata, wait_for_ready):
        loop = _loop_for_calls()
        pump = _pump.of(loop)
        call = UnaryStreamCall()
        call._begin_replies()
        try:
            data = self._bytes(request)
        except AioRpcError as error:
            return self._ended(call, loop, pump, error)
        engine = self._start(call, loop, pump, data, timeout, metadata, wait_for_ready)
        if engine is not None:
            engine.user = _Weak(call)
            self._channel._streams.add(call)
        return call


class StreamUnaryMultiCallable(_BaseMultiCallable, _base_channel.StreamUnaryMultiCallable):
    """A method: many requests, one reply."""

    def __call__(self, request_iterator=None, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        if not self._plain or credentials is not None:
            return self._intercepted(request_iterator, timeout, metadata, credentials, wait_for_ready)
        return self._call(request_iterator, timeout, metadata, wait_for_ready)

    def _call(self, request_iterator, timeout, metadata, wait_for_ready):
        loop = _loop_for_calls()
        pump = _pump.of(loop)
        call = StreamUnaryCall()
        call._waiter = None
        call._reply = _NOTHING
        engine = self._start(call, loop, pump, None, timeout, metadata, wait_for_ready)
        if engine is not None:
            pump.running.add(call)
            engine.user = call
        call._begin_requests(request_iterator)
        return call


class StreamStreamMultiCallable(_BaseMultiCallable, _base_channel.StreamStreamMultiCallable):
    """A method: many requests, many replies."""

    def __call__(self, request_iterator=None, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        if not self._plain or credentials is not None:
            return self._intercepted(request_iterator, timeout, metadata, credentials, wait_for_ready)
        return self._call(request_iterator, timeout, metadata, wait_for_ready)

    def _call(self, request_iterator, timeout, metadata, wait_for_ready):
        loop = _loop_for_calls()
        pump = _pump.of(loop)
        call = StreamStreamCall()
        call._begin_replies()
        engine = self._start(call, loop, pump, None, timeout, metadata, wait_for_ready)
        if engine is not None:
            engine.user = _Weak(call)
            self._channel._streams.add(call)
        call._begin_requests(request_iterator)
        return call


class _Wake:
    """Who waits for the channel's state to change."""

    __slots__ = ("_waiter",)

    def __init__(self, waiter):
        self._waiter = waiter

    def _event(self, bits):
        self._waiter.wake()


def _sorted(interceptors):
    """The interceptors of each kind."""
    from grpc.aio import _interceptor
    kinds = (_interceptor.UnaryUnaryClientInterceptor, _interceptor.UnaryStreamClientInterceptor,
             _interceptor.StreamUnaryClientInterceptor, _interceptor.StreamStreamClientInterceptor)
    found = ([], [], [], [])
    for interceptor in interceptors:
        for kind, these in zip(kinds, found):
            if isinstance(interceptor, kind):
                these.append(interceptor)
                break
        else:
            raise ValueError(f"Interceptor {interceptor} must be " + " or ".join(kind.__name__ for kind in kinds) + ".")
    return found


class Channel(_base_channel.Channel):
    """What grpc.aio.insecure_channel() and grpc.aio.secure_channel() return."""

    def __init__(self, target, options, credentials, compression, interceptors):
        self._target = _common.decode(target)
        if not isinstance(self._target, str):
            raise TypeError(f"a target is a str such as \"localhost:50051\", not {type(target).__name__}")
        self._options, _ = _options.split(options)
        (self._unary_unary_interceptors, self._unary_stream_interceptors, self._stream_unary_interceptors,
         self._stream_stream_interceptors) = _sorted(interceptors or ())
        self._tls = None if credentials is None else credentials.engine()
        self._secure = credentials is not None
        self._call_credentials = credentials.calls if credentials is not None and credentials.calls else None
        self._streams = weakref.WeakSet()  # calls with many replies
        self._outer = weakref.WeakSet()    # calls with interceptors
        # The engine's channel, or something else that has its functions after close() and fork().
        self._connect()
        _fork.renew(self)

    def _connect(self):
        self._engine = _godwit.Channel(self._target, [*self._options, _USER_AGENT], self._tls)

    def _check_credentials(self):
        if not self._secure:
            raise UsageError("Call credentials are only valid on secure channels: make it with "
                             "grpc.aio.secure_channel(), for example with grpc.ssl_channel_credentials()")

    def _after_fork_in_child(self):
        self._streams = weakref.WeakSet()
        self._outer = weakref.WeakSet()
        if not isinstance(self._engine, _Closed):
            self._engine = _channel._Renewing(self)

    _authority = _channel.Channel._authority

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        await self._close(None)

    def _running(self):
        """The calls of this loop that are not over."""
        pump = _pump.of(_loop_for_calls())
        calls = [call for call in pump.running if call._method._channel is self]
        calls += [call for call in list(self._streams) if call._pump is pump]
        return calls

    async def _close(self, grace):
        engine = self._engine
        if isinstance(engine, _Closed):
            return
        if grace and grace < 0:
            raise ValueError(f"grace must be non-negative, got {grace}.")
        self._engine = _Closed()
        if grace:
            waiting = [asyncio.ensure_future(_over(call)) for call in self._running() + list(self._outer)]
            if waiting:
                await asyncio.wait(waiting, timeout=grace)
                for task in waiting:
                    task.cancel()
        for call in list(self._outer) + self._running():
            call.cancel()
        if not isinstance(engine, _channel._Renewing):
            engine.close()

    async def close(self, grace=None):
        """No new calls; those that run have `grace` seconds to end, then they are cancelled."""
        await self._close(grace)

    def get_state(self, try_to_connect=False):
        """What the connections are doing."""
        return CONNECTIVITIES[self._engine.state(try_to_connect)]

    async def wait_for_state_change(self, last_observed_state):
        """Waits for another state than this one."""
        if self.get_state() is _SHUTDOWN:
            raise UsageError("Channel is closed.")
        await self._change(last_observed_state, None)

    async def _change(self, last, call):
        """Waits for another state, or a call's end."""
        loop = asyncio.get_running_loop()
        engine = self._engine
        watch = _godwit.Watch(_pump.of(loop).queue)
        engine.watch(watch)
        try:
            while CONNECTIVITIES[engine.state()] is last and not (call is not None and call._over):
                waiter = _godwit.waiter(loop, None)
                watch.user = _Wake(waiter)
                if CONNECTIVITIES[engine.state()] is not last:
                    break
                entry = (_INITIAL_METADATA | _ENDED, waiter)
                if call is not None:
                    call._waiters = call._waiters or []
                    call._waiters.append(entry)
                try:
                    await waiter
                finally:
                    if call is not None:
                        call._waiters.remove(entry)
        finally:
            engine.unwatch(watch)

    async def _connected(self, call):
        """Waits until a call is on a connection, or over."""
        while not call._over:
            if call._engine.ended():
                await call._ended()
                return
            state = self.get_state()
            if state is _READY or state is _SHUTDOWN or call._engine.has_initial_metadata():
                return
            await self._change(state, call)

    async def channel_ready(self):
        """Connects, and waits until the channel is READY."""
        state = self.get_state(try_to_connect=True)
        while state is not _READY:
            await self.wait_for_state_change(state)
            state = self.get_state(try_to_connect=True)

    def unary_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A method by its path, "/package.Service/Method"."""
        return UnaryUnaryMultiCallable(self, method, request_serializer, response_deserializer,
                                       self._unary_unary_interceptors)

    def unary_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A method by its path, "/package.Service/Method"."""
        return UnaryStreamMultiCallable(self, method, request_serializer, response_deserializer,
                                        self._unary_stream_interceptors)

    def stream_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A method by its path, "/package.Service/Method"."""
        return StreamUnaryMultiCallable(self, method, request_serializer, response_deserializer,
                                        self._stream_unary_interceptors)

    def stream_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A method by its path, "/package.Service/Method"."""
        return StreamStreamMultiCallable(self, method, request_serializer, response_deserializer,
                                         self._stream_stream_interceptors)


async def _over(call):
    try:
        await call.code()
    except Exception:
        pass  # whoever awaits the call hears of it


def insecure_channel(target, options=None, compression=None, interceptors=None):
    """A channel to `target` ("host:port", "unix:/path", "dns:///name:port") without TLS."""
    return Channel(target, () if options is None else options, None, compression, interceptors)


def secure_channel(target, credentials, options=None, compression=None, interceptors=None):
    """A channel with credentials, such as those of grpc.ssl_channel_credentials()."""
    from grpc import ChannelCredentials, _credentials
    if not isinstance(credentials, ChannelCredentials):
        raise TypeError("secure_channel takes credentials such as grpc.ssl_channel_credentials(), not "
                        f"{type(credentials).__name__}")
    inner = credentials._credentials
    return Channel(target, () if options is None else options, None if inner is _credentials.INSECURE else inner,
                   compression, interceptors)
