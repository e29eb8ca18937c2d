"""Streams of requests: taken from the user's iterator and handed to the engine.

The iterator is the user's code and may wait, so it runs on a thread of its own. Threads are kept for a while: starting one
costs more than a short stream.
"""
import threading
from queue import SimpleQueue

from grpc import _common, _fork
from grpc._log import logger

_ENDED = 1  # of the engine's waits
_IDLE_SECONDS = 5
_idle = []  # queues of threads that wait for work


def _after_fork_in_child():
    del _idle[:]


_fork.at_child(_after_fork_in_child)


def iterate(requests, path):
    """iter(requests), or an error that says what is wrong."""
    try:
        return iter(requests)
    except TypeError:
        raise TypeError(f"{path} takes an iterator of requests, not {type(requests).__name__}; "
                        "for one request, pass iter([request])") from None


def feed(call, iterator, serialize):
    """Sends all requests, on another thread. serialize() logs what can't be sent, and raises."""
    work = (call, iterator, serialize)
    try:
        queue = _idle.pop()
    except IndexError:
        queue = SimpleQueue()
        threading.Thread(target=_run, args=(queue,), name="grpc-requests", daemon=True).start()
    queue.put(work)


def _run(queue):
    while True:
        try:
            work = queue.get(timeout=_IDLE_SECONDS)
        except Exception:  # Empty
            try:
                _idle.remove(queue)
                return
            except ValueError:  # taken meanwhile: work comes
                continue
        _send(*work)
        work = None
        _idle.append(queue)


def _send(call, iterator, serialize):
    write, can_write = call.write, call.can_write
    while True:
        try:
            request = next(iterator)
        except StopIteration:
            call.close_writing()
            return
        except Exception:
            logger("grpc._channel").exception("The iterator of requests raised")
            call.cancel_with(2, "Exception iterating requests!")
            return
        try:
            data = serialize(request)
        except Exception:
            call.cancel_with(13, "Exception serializing request!")
            return
        if call.ended():
            return
        write(data)
        if not can_write() and call.wait_writable() == _ENDED:
            return
