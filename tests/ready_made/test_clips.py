"""A film or pictures of one's own, or the drawn clip."""

from tests.ready_made.own_photos import save_photos
from tflhelpers.ready_made.clips import clip_for


def test_pictures_of_a_clip_come_in_counting_order(project):
    clip = project.data / "clip"
    clip.mkdir()
    for name in ("frame10.png", "frame2.PNG", "frame1.jpg", "notes.txt", "frame02b.png"):
        (clip / name).write_bytes(b"")
    pictures, origin = clip_for(project)
    assert [path.name for path in pictures] == ["frame1.jpg", "frame2.PNG", "frame02b.png", "frame10.png"]
    assert origin == f"Your 4 pictures in {clip}."


def test_without_a_clip_the_photos_and_then_the_drawn_clip(project):
    frames, origin = clip_for(project)
    clip = project.data / "clip"
    assert len(frames) == 48
    assert (
        origin == f"There is no video and no picture in {clip}, so these are 48 frames of a drawn toy duck."
    )
    save_photos(project.data / "phone", [[[1, 2, 30, 20]]])
    pictures, origin = clip_for(project)
    assert [path.name for path in pictures] == ["photo0.png"]
    assert origin == f"Your 1 picture in {project.data / 'phone'}. Put a video, or its frames, into {clip}."


def test_a_film_comes_before_pictures_in_the_clip_folder_before_the_photos(project):
    save_photos(project.data, [[[1, 2, 30, 20]]])
    for name in ("film10.MOV", "film2.mp4", "._film1.mp4", "notes.txt"):
        (project.data / name).write_bytes(b"")
    film = project.data / "film2.mp4"
    assert clip_for(project) == (film, f"Your video {film} (the first of 2 videos there).")
    save_photos(project.data / "clip", [[]])
    assert [path.name for path in clip_for(project)[0]] == ["photo0.png"]
    film = project.data / "clip" / "walk.webm"
    film.write_bytes(b"")
    assert clip_for(project) == (film, f"Your video {film}.")
