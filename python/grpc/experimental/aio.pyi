from grpc.aio import *
from grpc.aio import __all__ as __all__
