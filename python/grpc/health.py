"""The old name of the package grpc_health, which the distribution grpcio-health-checking has."""
import sys

import grpc_health

sys.modules[__name__] = grpc_health
