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
