"""Pictures and boxes: the values that every other room takes and gives.

`boxes` holds the value type, `images` reads and resizes pictures, `annotations` keeps the boxes that people
drew. This room imports no other room.
"""
