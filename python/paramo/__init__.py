"""Paramo: describe a scientific application once; sweep it, serve it, chain it, schedule it."""

__version__ = "0.1.0"
