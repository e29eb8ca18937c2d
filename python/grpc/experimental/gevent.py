"""For programs under gevent."""


def init_gevent():
    """Comes later: waiting calls would hold the hub."""
    from grpc._credentials import comes_later
    comes_later("experimental.gevent.init_gevent")
