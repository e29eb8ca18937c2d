"""How many requests and replies a method has. Files of grpcio-tools before 1.4 import this module."""
import enum


@enum.unique
class Cardinality(enum.Enum):
    UNARY_UNARY = "request-unary/response-unary"
    UNARY_STREAM = "request-unary/response-streaming"
    STREAM_UNARY = "request-streaming/response-unary"
    STREAM_STREAM = "request-streaming/response-streaming"
