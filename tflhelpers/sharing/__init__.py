"""Showing what was found: boxes drawn on pictures, GIFs, and detectors in the form that others can use.

- `draw`: `draw_boxes`, boxes with their names on a copy of a picture (`palette`, `tags`, `fonts`)
- `contact_sheet`: many pictures side by side in one
- `gallery`: what went well, so-so or wrong, each box with its name (`captions`)
- `gif`: `write_gif`, an animation that plays everywhere (`gif_budget`, `gif_file`, `gif_stream`, `quantise`)
"""
