"""The tasks of calls that have arrived.

A task's first step usually is one turn of the loop away. Here the tasks of many calls are made, and then their first
steps are run, all in one turn: most handlers come to their end in it, and nothing has to be kept about them.
"""
import asyncio
import contextvars
import sys

_copy_context = contextvars.copy_context
_TAKES_CONTEXT = sys.version_info >= (3, 11)


class Starter:
    """Begins calls on one loop.

    It stands in for loop.call_soon while a task is made, to get at the task's first step. The context tells that step
    from what is scheduled beside it, by destructors: this goes to the loop.
    """

    __slots__ = ("_loop", "_names", "_call_soon", "_context", "_step", "running")

    def __init__(self, loop):
        self._loop = loop
        self._names = getattr(loop, "__dict__", None)
        self._call_soon = loop.call_soon
        self._context = None
        self._step = None
        self.running = set()  # contexts of handlers that have not returned

    def __call__(self, callback, *args, context=None):
        if context is not None and context is self._context:
            self._context = None
            self._step = callback
            return None
        return self._call_soon(callback, *args, context=context)

    def _usual(self):
        """True where tasks are made otherwise: by a factory of the user, or on a loop that is watched."""
        loop, names = self._loop, self._names
        return (not _TAKES_CONTEXT or names is None or "call_soon" in names or loop.get_task_factory() is not None or
                loop.get_debug())

    def start(self, contexts):
        """Runs the calls of `contexts`; those that wait for something in the end are added to `running`."""
        loop = self._loop
        if self._usual():
            for context in contexts:
                method = context._method
                self._keep(context, loop.create_task(method.run(context._call, context), name=method.path))
            return
        make = asyncio.Task
        begun = []
        self._names["call_soon"] = self
        try:
            for context in contexts:
                own = self._context = _copy_context()
                method = context._method
                task = make(method.run(context._call, context), loop=loop, name=method.path, context=own)
                begun.append((own, self._step, task, context))
        finally:
            del self._names["call_soon"]
            self._step = None
        begun = iter(begun)
        try:
            for own, step, task, context in begun:
                own.run(step)
                if not task.done():
                    self._keep(context, task)
        except BaseException:
            # A handler ends the program. If the loop goes on after all, so do the others.
            for own, step, task, context in begun:
                self._keep(context, task)
                loop.call_soon(step, context=own)
            raise

    def _keep(self, context, task):
        context._task = task
        context._call.user = context
        self.running.add(context)
        task._log_destroy_pending = False  # loops may close while calls run
