"""The .proto compiler for Python: python -m grpc_tools.protoc."""
