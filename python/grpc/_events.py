"""Callbacks of the client side: one daemon thread takes what the engine tells, started when the first callback comes."""
import threading

from grpc import _fork, _godwit

_lock = threading.Lock()
_queue = None


def _after_fork_in_child():
    global _lock, _queue
    _lock = threading.Lock()
    _queue = None  # its thread is the parent's


_fork.at_child(_after_fork_in_child)


def _log_failure(fn):
    from grpc import _common
    from grpc._log import logger
    logger("grpc._channel").exception("The callback %s raised", _common.source_of(fn))


def _run(queue):
    while queue.wait():
        for call, bits in queue.drain():
            if bits & _godwit.ENDED:
                rendezvous, call.user = call.user, None
                if rendezvous is not None:
                    _fire(rendezvous)
                rendezvous = None
        call = None


def queue():
    """The queue that calls with callbacks tell their end to."""
    global _queue
    with _lock:
        if _queue is None:
            _queue = _godwit.EventQueue()
            _fork.at_exit(_queue.close, start_thread(_run, (_queue,), "grpc-callbacks"))
        return _queue


def start_thread(target, args, name):
    """A daemon thread."""
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def _fire(rendezvous):
    state = rendezvous._state
    with _lock:
        callbacks, state.callbacks = state.callbacks, None
    for fn in callbacks or ():
        try:
            fn(rendezvous)
        except Exception:
            _log_failure(fn)


def when_ended(rendezvous, fn):
    """fn(rendezvous) when its call is over, from another thread; at once if it is over already."""
    tell_to = queue()
    state = rendezvous._state
    with _lock:
        late = state.callbacks is None
        if not late:
            state.callbacks.append(fn)
            first = len(state.callbacks) == 1
    if late:
        fn(rendezvous)
    elif first:
        # The call keeps its Python object until the callbacks were called: nobody else may hold it.
        rendezvous._call.user = rendezvous
        rendezvous._call.tell_end(tell_to)
