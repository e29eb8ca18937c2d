"""The asynchronous API. It comes later; the synchronous one is complete."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"grpc.aio.{name} comes later: use the synchronous API of grpc")
