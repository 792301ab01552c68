"""Pictures that the project draws itself: solid objects, their sprites and training scenes."""
