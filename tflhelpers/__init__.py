"""Five photos of your own thing, a detector for it, and a GIF to share."""
