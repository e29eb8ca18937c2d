"""Callbacks of the client side: a daemon thread takes what the engine tells, once somebody has asked for a callback."""
import threading

from grpc import _common, _fork, _godwit

_lock = threading.Lock()
_queue = None     # made with the first callback: calls that start later tell their end to it
_pending = set()  # calls with callbacks: they stay until these were called, though the user has let go of them


def _after_fork_in_child():
    global _lock, _queue
    _lock = threading.Lock()
    _queue = None  # its thread is the parent's
    _pending.clear()


_fork.at_child(_after_fork_in_child)


def start_thread(target, args, name):
    """A daemon thread."""
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def log_failure(fn):
    """A callback raised."""
    from grpc._log import logger
    logger("grpc._channel").exception("The callback %s raised", _common.source_of(fn))


def queue():
    """Where calls are to tell their end, or None: nobody in this process has asked for callbacks."""
    return _queue


def _use_queue():
    global _queue
    if _queue is None:
        _queue = _godwit.EventQueue()
        _fork.at_exit(_queue.close, start_thread(_run, (_queue,), "grpc-callbacks"))


def _run(queue):
    while queue.wait():
        for call, bits in queue.drain():
            if bits & _godwit.ENDED and call.user is not None:
                _fire_if_over(call.user)
        call = None


def _wait_and_fire(rendezvous):
    rendezvous._call.wait_ended()
    _fire_if_over(rendezvous)


def _fire_if_over(rendezvous):
    """The end came. While replies are left the callbacks wait: who takes the last one sees to them."""
    if rendezvous._state.code is not None or rendezvous._over():
        _fire(rendezvous)
    else:
        with _lock:
            _pending.discard(rendezvous)  # it is over when its user lets go of it
        rendezvous._call.user = None


def fire(rendezvous):
    """Calls the callbacks, from another thread."""
    start_thread(_fire, (rendezvous,), "grpc-callback")


def _fire(rendezvous):
    state = rendezvous._state
    with _lock:
        callbacks, state.callbacks = state.callbacks, None
        _pending.discard(rendezvous)
    rendezvous._call.user = None
    for fn in callbacks or ():
        try:
            fn(rendezvous)
        except Exception:
            log_failure(fn)


def when_ended(rendezvous, fn):
    """fn(rendezvous) when its call is over, from another thread; at once if it is over already."""
    state, call = rendezvous._state, rendezvous._call
    with _lock:
        late = state.callbacks is None
        if not late:
            state.callbacks.append(fn)
            if len(state.callbacks) > 1:
                return
            _use_queue()
            _pending.add(rendezvous)
    if late:
        fn(rendezvous)
    elif rendezvous._tells:
        call.user = rendezvous
        if call.ended():  # perhaps before there was anybody to tell
            _fire_if_over(rendezvous)
    else:
        start_thread(_wait_and_fire, (rendezvous,), "grpc-callback")
