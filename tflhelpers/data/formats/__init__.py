"""Annotation formats of other tools, one file a format: each reads a `RawSet`, and writes `Annotations`.

A reader hands over what its file says and repairs nothing (`raw`); finding the pictures, turning, mending and
refusing boxes happens once for all of them (`assemble`), and every step is told to the `report`.
"""
