"""How events of a client's calls reach an asyncio loop: one descriptor, one wake-up for all that is ready."""
import atexit
import threading
import weakref

from grpc import _fork, _godwit

_dispatch = _godwit.dispatch
_ATTRIBUTE = "_godwit_pump"  # of loops
_pumps = weakref.WeakSet()
_lock = threading.Lock()
_ending = False  # the interpreter
_without_attributes = weakref.WeakKeyDictionary()  # pumps of loops that take no attributes


class Pump:
    """The events of one asyncio loop: for each, source.user._event(bits) is called on the loop."""

    __slots__ = ("loop", "queue", "running", "_descriptor", "__weakref__")

    def __init__(self, loop):
        self.loop = weakref.ref(loop)  # the loop holds the pump, not the other way round: they go together
        self.queue = _godwit.EventQueue(with_descriptor=True)
        self.running = set()  # calls that go on to their end though their user has let go of them
        self._descriptor = self.queue.fileno()
        loop.add_reader(self._descriptor, self._ready)

    def _ready(self):
        queue = self.queue
        if queue is not None:
            if _ending and threading.current_thread() is not threading.main_thread():
                # Calls of daemon threads end with the engine now: they would only print their errors.
                self.loop().remove_reader(self._descriptor)
                return
            _dispatch(queue, self)

    def complain(self, error):
        """Something failed that has no caller."""
        loop = self.loop()
        if loop is not None:
            loop.call_exception_handler({"message": "grpc.aio: a callback raised", "exception": error})

    def close(self):
        """No more events; calls that run are cancelled."""
        queue, self.queue = self.queue, None
        if queue is None:
            return
        loop = self.loop()
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._descriptor)
        queue.close()
        running, self.running = self.running, set()
        for call in running:
            call._engine.cancel_with(1, "Cancelled upon garbage collection!")

    def leave_to_parent(self):
        """In the child of a fork: the loop is the parent's, which goes on with it. Even taking the descriptor out of
        the selector would reach the parent's."""
        self.queue = None
        self.running = set()

    def __del__(self):
        try:
            self.close()
        except Exception:  # made half, or the interpreter is ending
            pass


def of(loop):
    """The pump of this loop. It is made at first use and goes with the loop."""
    pump = getattr(loop, _ATTRIBUTE, None)
    return _make(loop) if pump is None else pump


def _make(loop):
    with _lock:
        pump = _without_attributes.get(loop)
        if pump is not None:
            return pump
        others = list(_pumps)
        pump = Pump(loop)
        _pumps.add(pump)
        try:
            setattr(loop, _ATTRIBUTE, pump)
        except AttributeError:
            _without_attributes[loop] = pump
    for other in others:  # loops that were closed, but are held by somebody
        other_loop = other.loop()
        if other_loop is None or other_loop.is_closed():
            other.close()
    return pump


def _after_fork_in_child():
    global _lock
    _lock = threading.Lock()
    _without_attributes.clear()
    for pump in list(_pumps):
        loop = pump.loop()
        if loop is not None:
            getattr(loop, "__dict__", {}).pop(_ATTRIBUTE, None)
        pump.leave_to_parent()
    _pumps.clear()


_fork.at_child(_after_fork_in_child)


@atexit.register
def _at_exit():
    global _ending
    _ending = True
