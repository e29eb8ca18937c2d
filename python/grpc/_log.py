"""The package's loggers, made when something is said for the first time: `import grpc` does not load logging."""

_quiet = False


def logger(name):
    """logging.getLogger(name), below "grpc". Without a configuration of the program, nothing goes to stderr."""
    global _quiet
    import logging
    if not _quiet:
        logging.getLogger("grpc").addHandler(logging.NullHandler())
        _quiet = True
    return logging.getLogger(name)


_watching = None  # the process's generation, once a thread waits for the engine's lines


def forward():
    """From here on what the engine says, such as a client's TLS handshake that fails, goes to the logger "grpc.godwit"."""
    global _watching
    from grpc import _fork, _godwit
    if _watching == _godwit.generation():
        return
    _watching = _godwit.generation()
    import threading
    queue = _godwit.EventQueue()
    watch = _godwit.Watch(queue)
    _godwit.watch_log(watch)
    thread = threading.Thread(target=_run, args=(queue, watch), name="grpc-log", daemon=True)
    thread.start()
    _fork.at_exit(queue.close, thread)


def _run(queue, watch):
    from grpc import _godwit
    while queue.wait():
        queue.drain()
        for level, subsystem, text in _godwit.log_lines():
            logger("grpc.godwit").log(level, "%s: %s", subsystem, text)
