"""How events of the engine reach an asyncio loop: one descriptor, one wake-up for all that is ready."""
import weakref

from grpc import _fork, _godwit

_ARRIVED = _godwit.ARRIVED
_ATTRIBUTE = "_godwit_pump"  # of loops
_pumps = weakref.WeakSet()   # those of of()
_without_attributes = weakref.WeakKeyDictionary()  # pumps of loops that take no attributes


class Pump:
    """The events of calls for one asyncio loop.

    Of each event, source.user._event(bits) is called, on the loop; arrived(source) for a new call of a server.
    """

    __slots__ = ("loop", "queue", "running", "_arrived", "_descriptor", "__weakref__")

    def __init__(self, loop, arrived=None):
        self.loop = weakref.ref(loop)  # the loop holds the pump, not the other way round: they go together
        self.queue = _godwit.EventQueue(with_descriptor=True)
        self.running = set()  # what has to stay alive until its end, though the user has let go of it
        self._arrived = arrived
        self._descriptor = self.queue.fileno()
        loop.add_reader(self._descriptor, self._ready)

    def _ready(self):
        queue = self.queue
        if queue is None:
            return
        for source, bits in queue.drain():
            user = source.user
            try:
                if user is not None:
                    user._event(bits)
                elif bits & _ARRIVED and self._arrived is not None:
                    self._arrived(source)
            except Exception as error:
                self.complain(error)

    def complain(self, error):
        """Something failed that has no caller."""
        loop = self.loop()
        if loop is not None:
            loop.call_exception_handler({"message": "grpc.aio: an event's callback raised", "exception": error})

    def close(self):
        """No more events."""
        queue, self.queue = self.queue, None
        if queue is None:
            return
        loop = self.loop()
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._descriptor)
        queue.close()
        self.running.clear()


def of(loop):
    """The client's pump of this loop. It is made at first use and goes with the loop."""
    pump = getattr(loop, _ATTRIBUTE, None)
    return _make(loop) if pump is None else pump


def _make(loop):
    pump = _without_attributes.get(loop)
    if pump is not None:
        return pump
    for other in list(_pumps):  # loops that were closed, but are held by somebody
        other_loop = other.loop()
        if other_loop is None or other_loop.is_closed():
            other.close()
            _pumps.discard(other)
    pump = Pump(loop)
    try:
        setattr(loop, _ATTRIBUTE, pump)
    except AttributeError:
        _without_attributes[loop] = pump
    _pumps.add(pump)
    return pump


def _after_fork_in_child():
    """Pumps of the parent's loops: their descriptors belong to the parent, which goes on with them."""
    _without_attributes.clear()
    for pump in list(_pumps):
        loop = pump.loop()
        if loop is not None:
            loop.__dict__.pop(_ATTRIBUTE, None)
        pump.running.clear()
    _pumps.clear()


_fork.at_child(_after_fork_in_child)
