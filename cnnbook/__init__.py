"""Helpers for the CNN book; each module is imported by its own name."""

__version__ = "0.1.0"
