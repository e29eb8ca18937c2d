from grpc.aio import *
