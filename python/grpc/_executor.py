"""How calls get to the threads of the user's executor.

ThreadPoolExecutor: "drainers". A drainer is a task in the pool that takes calls from the engine's queue and runs them one
after the other, many for one hand-over between threads. While handlers are fast, one drainer serves all calls, and no
threads fight for the interpreter's lock. The dispatcher, a daemon thread, looks on: where calls wait although the lock is
to be had, or no handler came to its end, it starts more drainers, up to the workers of the pool.

Any other executor: one submit() per call. ProcessPoolExecutor: _process_pool.py.
"""
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

from grpc import _godwit, _handler_errors

_ARRIVED, _ENDED = _godwit.ARRIVED, _godwit.ENDED
_BATCH = 16           # calls that a drainer takes at once; others can take them from it
_FLUSH_AFTER = 32     # replies
_LOOK_AROUND = 256    # calls, after which a drainer looks whether the pool has other work
_LINGER = 0.005       # seconds that a drainer waits for more calls
_PAUSE = 0.001        # seconds between two looks of the dispatcher
_CONTENDED = 0.0025   # a pause that took this long: the interpreter's lock is busy, more threads would not help
_BUSY_SECONDS = 2.0   # calls that wait this long while all workers are busy are worth a warning
_WARN_AGAIN = 30.0


class _Drainer:
    __slots__ = ("current",)

    def __init__(self):
        self.current = _STARTING  # a call; _STARTING: in the pool's queue; None: waits for calls


_STARTING = object()


def _run_guarded(method, call):
    """Handlers' exceptions are dealt with elsewhere: this is for mistakes of this package, so that no call hangs."""
    try:
        Context().run(method.run, call)
    except BaseException as error:
        broken(call, error)


def broken(call, error):
    """A mistake of this package, or of an executor."""
    number = _handler_errors.error_id()
    _handler_errors._log().error("%s: the call failed [error id %s]", call.path, number, exc_info=error)
    call.finish(13, f"Internal error [error id {number}]", None, None, True)


class _Calls:
    """What both ways share: the queue, and a thread that looks at it."""

    def __init__(self, queue, methods, flush, rejects):
        self._queue = queue
        self._methods = methods  # by id; the last one, -1, is for paths that nobody has registered
        self._flush = flush
        self._rejects = rejects  # nobody could handle those
        self._closed = False
        self._refuses = False    # the process ends: calls that run go on, others are refused
        self._over = deque()     # contexts of calls that nobody waits for any more: their callbacks are due
        self._thread = threading.Thread(target=self._run_thread, name="grpc-dispatcher", daemon=True)

    def prepare(self):
        """Before the engine starts."""

    def start(self):
        self._thread.start()

    @property
    def thread(self):
        return self._thread

    def refuse(self):
        """No more calls are taken. Those that run go on, and hear when their clients go away."""
        self._refuses = True

    def close(self):
        """Nothing is taken any more."""
        self._closed = True
        self._queue.close()

    def _take(self, count, into):
        """Moves events from the queue; True if there were any. _tell() is to follow, without a lock."""
        events = self._queue.drain(count)
        for call, bits in events:
            if bits & _ARRIVED:
                into.append(call)
            elif bits & _ENDED:
                context = call.user
                if context is not None:
                    self._over.append(context)
        return bool(events)

    def _tell(self):
        """Runs the callbacks of calls that nobody waits for any more: the user's code."""
        while self._over:
            try:
                context = self._over.popleft()
            except IndexError:
                return
            context.run_callbacks()

    def _tell_aside(self):
        """The same for the dispatcher, which must not wait for the user's code."""
        if self._over:
            try:
                threading.Thread(target=self._tell, name="grpc-callbacks", daemon=True).start()
            except RuntimeError:  # the interpreter is ending
                self._tell()

    def _reject(self, call):
        call.finish(12, "Method not found!", None, None, True)

    def _run_thread(self):
        self._dispatch()
        # The server has stopped: handlers that still run are told so. What came and was not begun is refused.
        late = []
        while self._take(64, late):
            self._tell()
        self._tell()
        for call in late:
            call.finish(14, "The server is stopping", None, None, True)
        if late:
            self._flush()

    def _dispatch(self):
        raise NotImplementedError()


class SubmittedCalls(_Calls):
    """One submit() per call."""

    def __init__(self, executor, *args):
        super().__init__(*args)
        self._executor = executor

    def _dispatch(self):
        calls = deque()
        while self._queue.wait() and not self._closed:
            while self._take(64, calls):
                self._tell_aside()
                while calls:
                    call = calls.popleft()
                    if self._refuses:
                        _refuse(call)
                        self._flush()
                        continue
                    if call.method_id < 0 and self._rejects:
                        self._reject(call)
                        self._flush()
                        continue
                    try:
                        self._executor.submit(self._run, call)
                    except Exception as error:
                        _complain_and_refuse(call, error)
                        self._flush()
                call = None

    def _run(self, call):
        _run_guarded(self._methods[call.method_id], call)
        self._flush()


def _refuse(call):
    call.finish(14, "The server's executor takes no more work", None, None, True)


def _complain_and_refuse(call, error):
    _handler_errors._log().error("%s: the server's executor takes no more work: %s", call.path, error)
    _refuse(call)


class DrainedCalls(_Calls):
    """Drainers on a ThreadPoolExecutor."""

    def __init__(self, pool, *args):
        super().__init__(*args)
        self._pool = pool
        self._most = pool._max_workers
        self._others = pool._work_queue.qsize  # tasks that wait for a worker, the user's and new drainers
        self._ready = deque()    # calls that were taken and not begun: any drainer takes from here
        self._drainers = []
        self._lock = threading.Lock()
        self._asleep = False     # the dispatcher waits for the queue alone: calls must not leave it in batches
        self._lingering = 0
        self._busy_since = None
        self._warned = None

    # ---- drainers

    def _drain(self, me):
        ready, methods, flush = self._ready, self._methods, self._flush
        pop = ready.popleft
        left_to_flush, left_to_look = _FLUSH_AFTER, _LOOK_AROUND
        while True:
            try:
                call = pop()
            except IndexError:
                # Several replies leave together, with one wake-up of the loop.
                call = me.current = None
                if left_to_flush != _FLUSH_AFTER:
                    flush()
                    left_to_flush = _FLUSH_AFTER
                if not self._more(me):
                    return
                continue
            me.current = call
            try:
                Context().run(methods[call.method_id].run, call)
            except BaseException as error:
                broken(call, error)
            left_to_flush -= 1
            if left_to_flush == 0:
                left_to_flush = _FLUSH_AFTER
                left_to_look -= _FLUSH_AFTER
                flush()
                if left_to_look <= 0:
                    left_to_look = _LOOK_AROUND
                    if self._others() and self._step_back(me):
                        return

    def _more(self, me):
        """Takes more calls, or waits for them a while. False: the drainer is to end; it is off the list then."""
        lock = self._lock
        while True:
            with lock:
                # One at a time while the dispatcher sleeps: the rest stays where it wakes the dispatcher.
                if self._take(1 if self._asleep else _BATCH, self._ready) or self._ready:
                    break
                # Nothing to do. One drainer may wait for more, unless somebody else needs the worker.
                if self._closed or self._refuses or self._lingering or self._others():
                    self._drainers.remove(me)
                    return False
                self._lingering += 1
            there = self._queue.wait(_LINGER)
            with lock:
                self._lingering -= 1
                if not there and not self._ready:
                    self._drainers.remove(me)
                    return False
        if self._over:
            self._tell()
        return True

    def _step_back(self, me):
        """Lets other tasks of the pool go first, by queueing up behind them."""
        me.current = _STARTING
        try:
            self._pool.submit(self._drain, me)
        except RuntimeError:  # the pool is shut down
            return False
        return True

    # ---- the dispatcher

    def _dispatch(self):
        seen, waited = [], False
        while not self._closed:
            with self._lock:
                sleep = not self._ready and all(d.current is not None for d in self._drainers)
                self._asleep = sleep
            if sleep:
                self._queue.wait()
                self._asleep = waited = False
                if self._closed:
                    return
                if not self._drainers:
                    self._start(1)
            before = time.monotonic()
            time.sleep(_PAUSE)
            now = time.monotonic()
            current = [d.current for d in self._drainers]
            waiting = len(self._ready) + len(self._queue)
            if not waiting:
                seen, waited, self._busy_since = [], False, None
                continue
            if not current:
                self._start(1)
            elif None in current:
                pass  # about to take them
            elif current == seen:
                # No handler came to an end.
                self._take_aside()
                self._start(len(self._ready))
            elif waited and now - before < _CONTENDED:
                # The lock is to be had, so handlers wait for something.
                self._start(1)
            if current != seen:
                self._busy_since = None
            elif len(current) >= self._most:
                self._all_busy(now)
                current = [d.current for d in self._drainers]
            seen, waited = current, True
        current = seen = None

    def _take_aside(self):
        """Takes what is in the queue while drainers are busy: callbacks are run, and what nobody handles is refused."""
        with self._lock:
            while self._take(256, self._ready):
                pass
        self._tell_aside()
        if not self._rejects and not self._refuses:
            return
        for _ in range(len(self._ready)):
            try:
                call = self._ready.popleft()
            except IndexError:
                return
            if self._refuses:
                _refuse(call)
                self._flush()
            elif call.method_id < 0:
                self._reject(call)
                self._flush()
            else:
                self._ready.append(call)

    def _start(self, count):
        """Starts up to `count` drainers, as far as the pool has workers."""
        with self._lock:
            new = [_Drainer() for _ in range(min(count, self._most - len(self._drainers)))]
            self._drainers.extend(new)
        for drainer in new:
            try:
                self._pool.submit(self._drain, drainer)
            except RuntimeError as error:
                with self._lock:
                    self._drainers.remove(drainer)
                    alone = not self._drainers
                    if alone:
                        self._take(1 << 20, self._ready)
                if alone:
                    self._tell_aside()
                while alone and self._ready:
                    call = self._ready.popleft()
                    _refuse(call) if self._refuses else _complain_and_refuse(call, error)
                self._flush()
                return

    def _all_busy(self, now):
        if self._busy_since is None:
            self._busy_since = now
        time.sleep(20 * _PAUSE)  # nothing can be done but wait
        if now - self._busy_since < _BUSY_SECONDS or (self._warned is not None and now - self._warned < _WARN_AGAIN):
            return
        self._warned = now
        counts = {}
        for drainer in self._drainers:
            call = drainer.current
            name = "other tasks of the pool" if call is _STARTING else "done" if call is None else call.path
            counts[name] = counts.get(name, 0) + 1
        _handler_errors._log().warning(
            "All %d workers of the server's thread pool have been busy for %.1f s, and %d calls wait. Busy with: %s. "
            "Long streams and slow handlers keep a worker each: give the pool more workers, or use grpc.aio.",
            self._most, now - self._busy_since, len(self._ready) + len(self._queue),
            ", ".join(f"{count} x {name}" for name, count in counts.items()))


def make(executor, handlers, interceptors, *args):
    """What hands calls to `executor`."""
    if type(executor) is ThreadPoolExecutor:
        return DrainedCalls(executor, *args)
    if not isinstance(executor, ThreadPoolExecutor) and "concurrent.futures.process" in sys.modules:
        from grpc import _process_pool
        if isinstance(executor, _process_pool.ProcessPoolExecutor):
            return _process_pool.ProcessCalls(executor, *_process_pool.pack(handlers, interceptors), *args)
    return SubmittedCalls(executor, *args)
