"""Kept for files that early releases of grpcio-tools generated: they import from here."""
