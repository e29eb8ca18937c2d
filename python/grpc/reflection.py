"""The old name of the package grpc_reflection, which the distribution grpcio-reflection has."""
import sys

import grpc_reflection

sys.modules[__name__] = grpc_reflection
