"""Sessions of TLS connections, to be resumed."""
from grpc._cython.cygrpc import SSLSessionCacheLRU


class SSLSessionCache:
    """A value of the option grpc.ssl_session_cache. The engine keeps sessions by itself; this one changes nothing."""

    def __init__(self, cache):
        self._cache = cache

    def __int__(self):
        return int(self._cache)


def ssl_session_cache_lru(capacity):
    """A cache of `capacity` sessions."""
    return SSLSessionCache(SSLSessionCacheLRU(capacity))
