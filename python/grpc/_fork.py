"""What happens around fork() and at the end of the interpreter."""
import atexit
import os
import threading
import weakref

_in_child = []
_channels = weakref.WeakSet()
_closers = []
_installed = False


def install(godwit):
    """Once, with the extension: called when it is loaded."""
    global _installed
    if _installed:
        return
    _installed = True

    def after_in_child():
        godwit.after_fork_in_child()
        for function in _in_child:
            function()
        del _closers[:]
        for channel in list(_channels):
            channel._after_fork_in_child()

    os.register_at_fork(before=godwit.before_fork, after_in_parent=godwit.after_fork_in_parent,
                        after_in_child=after_in_child)
    atexit.register(_at_exit)


def at_child(function):
    """function() is called in each child, before channels are renewed."""
    _in_child.append(function)


def renew(channel):
    """channel._after_fork_in_child() is called in each child."""
    _channels.add(channel)


def at_exit(close, thread):
    """At the end of the interpreter, close() is called and `thread` waited for: a thread that came back from the engine
    while the interpreter is taken down would end badly. Returns a handle for forget()."""
    handle = (close, thread)
    _closers.append(handle)
    return handle


def forget(handle):
    """The thread is gone already."""
    try:
        _closers.remove(handle)
    except ValueError:
        pass


def _at_exit():
    closers = _closers[:]
    del _closers[:]
    for close, _ in closers:
        try:
            close()
        except Exception:
            pass
    current = threading.current_thread()
    try:
        for _, thread in closers:
            if thread is not None and thread is not current:
                thread.join(1)
    except KeyboardInterrupt:
        pass  # a second Ctrl-C: it ends anyway


def before_threads_are_joined(function):
    """function() is called when the main thread has ended, before the interpreter waits for the threads of executors."""
    register = getattr(threading, "_register_atexit", None)  # what concurrent.futures itself uses
    if register is None:
        atexit.register(function)
        return
    try:
        register(function)
    except RuntimeError:  # too late: the interpreter is ending
        pass
