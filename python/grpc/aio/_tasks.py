"""The tasks of calls that have arrived.

A task's first step usually is one turn of the loop away. Here the tasks of many calls are made, and then their first
steps are run, all in one turn: most handlers come to their end in it, and nothing has to be kept about them.
"""
import asyncio
import contextvars
import sys

_copy_context = contextvars.copy_context
_TAKES_CONTEXT = sys.version_info >= (3, 11)


class _Capture:
    """Stands in for loop.call_soon while a task is made: the task's first step is for us to run.

    The context says which step is meant. What is scheduled beside it, by destructors, goes to the loop.
    """

    __slots__ = ("steps", "context", "_call_soon")

    def __init__(self, call_soon):
        self.steps = []
        self.context = None
        self._call_soon = call_soon

    def __call__(self, callback, *args, context=None):
        if context is not None and context is self.context:
            self.context = None
            self.steps.append((context.run, callback))
            return None
        return self._call_soon(callback, *args, context=context)


def _can_capture(loop):
    """False where tasks are made otherwise: by a factory of the user, or on a loop that can't be told apart here."""
    return (_TAKES_CONTEXT and not loop.get_debug() and loop.get_task_factory() is None and
            "call_soon" not in getattr(loop, "__dict__", ("call_soon",)))


def start(loop, contexts, running):
    """Runs the calls of `contexts`; those that wait for something in the end are added to `running`."""
    if not _can_capture(loop):
        for context in contexts:
            _keep(context, loop.create_task(context._method.run(context._call, context)), running)
        return
    capture = _Capture(loop.call_soon)
    make = asyncio.Task
    tasks = []
    loop.call_soon = capture
    try:
        for context in contexts:
            own = capture.context = _copy_context()
            method = context._method
            tasks.append(make(method.run(context._call, context), loop=loop, name=method.path, context=own))
    finally:
        del loop.call_soon
    for (run, step), task, context in zip(capture.steps, tasks, contexts):
        run(step)
        if not task.done():
            _keep(context, task, running)


def _keep(context, task, running):
    context._task = task
    context._call.user = context
    running.add(context)
    task._log_destroy_pending = False  # loops may close while calls run
