"""What goes wrong in handlers: for the log, with the method, the place in the user's code and the cure; and for the client,
which is told the kind of error and an id to look for in the log, not the text."""
import inspect
import os
import sys
import types

from grpc import _common
from grpc._enums import StatusCode
from grpc._log import logger


def _log():
    return logger("grpc._server")


def error_id():
    """Short, and different for each error."""
    return os.urandom(4).hex()


def caller():
    """The user's line that called into this package: "file:line"."""
    frame = sys._getframe(1)
    here = os.path.dirname(__file__)
    while frame is not None and os.path.dirname(frame.f_code.co_filename) in (here, os.path.join(here, "aio")):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "unknown place"


def bad_abort(path, code, details=None):
    """abort() with a code that is none for errors. Returns the details for the client: the handler's own, but not with
    OK, where they told of a success."""
    number = error_id()
    _log().error("%s: abort() was called with %s at %s, the client gets UNKNOWN [error id %s]. "
                 "abort() takes a grpc.StatusCode other than OK; to end with OK, return the reply.", path, code, caller(),
                 number)
    if details and code is not None and code != 0 and code is not StatusCode.OK:
        return details
    return f"abort() was called with {code} [error id {number}]"


def bad_code(method, code, details):
    """set_code() with what is no code. Returns the details for the client: the handler's own, if there are any."""
    number = error_id()
    _log().error("%s: %s called set_code(%r), the client gets UNKNOWN [error id %s]. set_code() takes a grpc.StatusCode.",
                 method.path, _common.source_of(method.behavior), code, number)
    return details or f"set_code() was called with {code} [error id {number}]"


def abort_swallowed(method):
    """A handler caught what abort() raised, and went on."""
    _log().error("%s: %s caught the AbortError of context.abort() and went on. The client got the status of abort(); "
                 "let the error leave the handler, for instance with `except grpc.aio.AbortError: raise`.", method.path,
                 _common.source_of(method.behavior))


def needless_result(method, result):
    """A handler that writes its replies gave one more with `return`."""
    _log().warning("%s: %s returned %s, which goes nowhere: it wrote its replies with context.write().", method.path,
                   _common.source_of(method.behavior), type(result).__name__)


def _wrong_signature(behavior, error, asynchronous):
    """A cure, if the handler was never entered: it takes other arguments than (request, context)."""
    traceback = error.__traceback__
    if not isinstance(error, TypeError) or (traceback is not None and traceback.tb_next is not None):
        return None
    try:
        parameters = list(inspect.signature(behavior).parameters)
    except (TypeError, ValueError):
        return None
    return (f"Handlers are called with (request, context), this one takes ({', '.join(parameters)}): write "
            f"`{'async ' if asynchronous else ''}def Method(self, request, context):`")


def raised(method, error, what="calling application"):
    """A handler raised. Returns the details for the client."""
    number = error_id()
    cure = _wrong_signature(method.behavior, error, method.asynchronous)
    name = type(error).__name__
    if cure is None:
        _log().error("%s: exception %s [error id %s] in %s", method.path, what, number,
                     _common.source_of(method.behavior), exc_info=error)
    else:
        _log().error("%s: %s can't be called: %s. %s [error id %s]", method.path, _common.source_of(method.behavior),
                     error, cure, number)
    if method.server.exception_text:
        try:
            return f"Exception {what}: {error}"
        except Exception:
            return f"Exception {what}: {name} that can't be printed"
    return f"Exception {what}: {name} [error id {number}]"


def not_found(path, error):
    """An interceptor or a generic handler raised instead of giving a handler. Returns the details for the client."""
    number = error_id()
    _log().error("%s: an interceptor or a generic handler raised [error id %s]", path, number, exc_info=error)
    return f"Error in service handler! [error id {number}]"


def bad_request(method, error):
    """A request that can't be parsed."""
    number = error_id()
    _log().error("%s: a request could not be parsed: %s: %s [error id %s]. Client and server may have been generated "
                 "from different .proto files.", method.path, type(error).__name__, error, number)
    return f"Exception deserializing request! [error id {number}]"


def _what_is_wrong(method, reply, error):
    streams = method.response_streaming
    if isinstance(reply, (types.CoroutineType, types.AsyncGeneratorType)):
        if isinstance(reply, types.CoroutineType):
            reply.close()
        if method.asynchronous:
            if isinstance(reply, types.CoroutineType):
                return ("it gave a coroutine that nobody awaits", "write `return await ...` in an `async def`; a "
                        "decorator of an `async def` has to be one itself")
            if streams:
                return ("it is no `async def`, but gave an asynchronous generator", "write `async def` and `yield` in "
                        "the handler itself")
            return ("it yields, but the method has one reply", "use `return`, or write `returns (stream ...)` in the "
                    ".proto file")
        return ("it is `async def`, which needs an asynchronous server", "serve it with grpc.aio.server(), or write "
                "`def` without async and await")
    if reply is None:
        return ("it returned None", "give back the reply with `return`, on every way through the function"
                if not streams else "use `yield` for each reply, or return an iterator")
    if isinstance(reply, types.GeneratorType) and not streams:
        return ("it yields, but the method has one reply", "use `return`, or write `returns (stream ...)` in the .proto "
                "file")
    wanted = method.reply_type
    if method.serialize is _bytes:
        return (f"it gave {type(reply).__name__}", "without a response_serializer, replies are bytes")
    if wanted is not None and type(reply) is not wanted:
        return (f"it gave {type(reply).__name__} instead of {wanted.__name__}", f"make a {wanted.__name__}")
    return (f"its reply, {type(reply).__name__}, could not be serialized: {type(error).__name__}: {error}",
            "look at the serializer and at the values in the message")


def bad_reply(method, reply, error):
    """A reply that is none. Returns the details for the client."""
    number = error_id()
    problem, cure = _what_is_wrong(method, reply, error)
    _log().error("%s: %s: %s: %s [error id %s]", method.path, _common.source_of(method.behavior), problem, cure, number)
    return f"Failed to serialize response! [error id {number}]"


def not_iterable(method, reply):
    """A handler of a stream gave something else. Returns the details for the client."""
    number = error_id()
    problem, cure = _what_is_wrong(method, reply, None)
    if reply is not None and not isinstance(reply, (types.CoroutineType, types.AsyncGeneratorType)):
        problem, cure = (f"it gave {type(reply).__name__}, but the method has a stream of replies",
                         "use `yield` for each reply, or " +
                         ("`await context.write(reply)`" if method.asynchronous else "return an iterator"))
    _log().error("%s: %s: %s: %s [error id %s]", method.path, _common.source_of(method.behavior), problem, cure, number)
    return f"Exception iterating responses: {type(reply).__name__} [error id {number}]"


def _bytes(reply):
    """The serializer of methods without one."""
    if isinstance(reply, bytes):
        return reply
    if isinstance(reply, (bytearray, memoryview)):
        return bytes(reply)
    raise TypeError(f"replies are bytes, not {type(reply).__name__}")


bytes_reply = _bytes
