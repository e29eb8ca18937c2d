"""Compression algorithms by number. Messages go out as they are; what comes compressed is the engine's business."""

NoCompression = 0
Deflate = 1
Gzip = 2

__all__ = ("Deflate", "Gzip", "NoCompression")
