"""The old name of the package grpc_tools, which the distribution grpcio-tools has."""
import sys

import grpc_tools

sys.modules[__name__] = grpc_tools
