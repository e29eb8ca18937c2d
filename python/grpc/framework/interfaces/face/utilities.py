"""Files of grpcio-tools before 1.4 import this module, and use nothing of it."""
