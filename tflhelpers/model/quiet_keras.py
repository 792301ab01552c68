"""Keras, loaded without the notes of its backend."""

from __future__ import annotations

from tflhelpers.quiet import startup_notes_aside

with startup_notes_aside():
    import keras

__all__ = ["keras"]
