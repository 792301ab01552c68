"""Clips go through whole, keep their time, go on where they were killed, and say what was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.sharing.stub_detector import COLOURS, StubDetector
from tflhelpers.data.samples import duck_photos
from tflhelpers.data.video_reading import VideoError, ffmpeg_program, read_video
from tflhelpers.sharing import video_boxes, video_parts
from tflhelpers.sharing.detect_video import detect_video
from tflhelpers.sharing.video_file import write_video
from tflhelpers.sharing.video_look import VideoLook, title_card
from tflhelpers.sharing.video_parts import VideoParts
from tflhelpers.sharing.video_times import schedule

SIZE = (96, 160)
HERE = Path(__file__).resolve().parent


def frame(number, *, duck=True, boat=True):
    """A duck that swims to the right, and a boat to the left below it."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    if duck:
        image[20:44, 4 + 2 * number : 34 + 2 * number] = COLOURS["duck"]
    if boat:
        image[60:84, 110 - 2 * number : 140 - 2 * number] = COLOURS["boat"]
    return image


def clip(path, count=30, *, fps=10, **what):
    write_video((frame(number % 30, **what) for number in range(count)), path, fps=fps)
    return path


def run(path, out, detector=None, **settings):
    return detect_video(detector or StubDetector(), path, out, progress=False, **settings)


def framed(image):
    """The left edge of the frame around the duck, by its black border; None if there is none."""
    black = image.max(axis=-1) < 50
    columns = np.flatnonzero(black[20:44].sum(axis=0) > 15)
    return int(columns[0]) if len(columns) else None


def test_an_mp4_shows_each_box_in_its_place(tmp_path):
    report = run(clip(tmp_path / "a.mp4"), tmp_path / "new" / "out.mp4")
    frames = list(read_video(report))
    assert [f.time for f in frames] == pytest.approx([n / 10 for n in range(30)], abs=2e-3)
    for number, shown in enumerate(frames):
        left = framed(shown.image)
        assert left is not None
        assert abs(left - (4 + 2 * number)) <= 3
    assert (report.frames, report.seconds, report.image_size) == (30, 3.0, SIZE)
    assert report.boxes == {"duck": 30, "boat": 30}
    assert report.size_bytes == os.path.getsize(report)
    assert report.notes == ()
    assert "out.mp4: 30 frames, 3.0 s, 160x96, 0.0" in str(report)
    assert "Boxes: 30 of duck, 30 of boat." in str(report)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["out.mp4", "out.mp4.boxes.jsonl"]


def test_a_gif_shows_the_beginning_within_its_budget(tmp_path):
    path = clip(tmp_path / "a.mp4", 150, fps=25)  # 6 s
    report = run(path, tmp_path / "out.gif", max_seconds=2, max_bytes=60_000)
    assert os.path.getsize(report) <= 60_000
    assert report.seconds == pytest.approx(2, abs=0.1)
    assert "It shows the first 2 s of the clip; max_seconds= changes that." in report.notes
    with Image.open(report.path) as gif:
        assert gif.info["loop"] == 0
        durations = [each.info["duration"] for each in ImageSequence.Iterator(gif)]
    assert sum(durations) == pytest.approx(2000, abs=120)
    assert len(set(durations)) == 1


def test_a_gif_of_a_video_has_a_rate_that_gifs_can_show(tmp_path):
    report = run(
        clip(tmp_path / "a.mp4", 15, fps=15), tmp_path / "out.gif"
    )  # each second frame: 7.5 a second
    assert report.frames == 8
    assert report.notes == ()


def test_card_caption_and_both_sides(tmp_path):
    report = run(
        clip(tmp_path / "a.mp4", 10), tmp_path / "out.mp4", title="Ducks", caption="At sea", before_after=True
    )
    frames = list(read_video(report))
    assert len(frames) == 20 + 10  # two seconds of title
    height, width = report.image_size
    assert width == 2 * 160 + 4
    assert height > 96 + 30
    assert frames[0].image.max() > 200 > frames[0].image.mean()  # white letters on a dark ground
    last = frames[-1].image
    assert framed(last[:96, :160]) is None
    assert framed(last[:96, 164:]) is not None
    assert (last[100:] < 110).any()  # letters
    assert report.seconds == 1.0


@pytest.mark.parametrize(
    ("steady", "lefts"), [(True, [4, 6, 8, 10, 12, 14, 16]), (False, [4, 4, 4, 10, 10, 10, 16])]
)
def test_every_third_frame(tmp_path, steady, lefts):
    detector = StubDetector()
    report = run(clip(tmp_path / "a.mp4", 7), tmp_path / "out.mp4", detector, every=3, steady=steady)
    assert detector.looked_at == 3
    assert [framed(f.image) for f in read_video(report)] == [pytest.approx(left, abs=3) for left in lefts]


def test_a_rate_that_varies_keeps_its_time(tmp_path):
    path, flat, slow = clip(tmp_path / "a.mp4", 30), tmp_path / "flat.mp4", tmp_path / "b.mp4"
    # 2 s at 10 frames a second, then 5 s at 2; set on the packets, so that all ffmpegs keep every frame
    times = "setts=ts='round(if(lt(N,20),N,20+5*(N-20))/10/TB)'"
    ffmpeg = [ffmpeg_program(), "-v", "error", "-i"]
    subprocess.run([*ffmpeg, path, "-bf", "0", flat], check=True)
    subprocess.run([*ffmpeg, flat, "-c", "copy", "-bsf:v", times, slow], check=True)
    report = run(slow, tmp_path / "out.mp4")
    frames = list(read_video(report))
    assert frames[-1].time == pytest.approx(6.5, abs=0.11)
    assert report.frames == 30
    at_five_seconds = framed(frames[50].image)
    assert at_five_seconds == pytest.approx(4 + 2 * 26, abs=3)


SCHEDULES = [
    ([], 1.0, ()),
    ([0.0], 1.0, (1,)),
    ([0, 0.5, 1.0], 2.0, (1, 1, 1)),
    ([3.0, 3.04, 3.079, 3.121, 3.16], 25.0, (1, 1, 1, 1, 1)),  # wavers: one for one
    ([0, 0.1, 0.2, 0.7, 0.8], 10.0, (1, 1, 5, 1, 1)),
    ([0, 0.1, 0.1, 0.1, 0.2, 0.3], 60.0, (6, 0, 0, 6, 6, 1)),
    ([n / 240 for n in range(9)], 60.0, (0, 0, 1, 0, 0, 0, 1, 0, 1)),
]


@pytest.mark.parametrize(("times", "fps", "counts"), SCHEDULES)
def test_schedules(times, fps, counts):
    got = schedule(times)
    assert got.fps == pytest.approx(fps, rel=0.01)
    assert len(got.counts) == len(counts)
    if times and fps < 60:
        assert got.counts == counts
    elif times:
        assert sum(got.counts) == pytest.approx((times[-1] - times[0]) * 60 + 1, abs=1)


def test_called_again_nothing_is_looked_at_twice(tmp_path):
    path, out = clip(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    first, second, third = StubDetector(), StubDetector(), StubDetector()
    run(path, out, first)
    report = run(path, out, second, caption="Another caption", threshold=0.8)
    assert (first.looked_at, second.looked_at) == (30, 0)
    assert report.image_size[0] > 96
    other = clip(tmp_path / "b.mp4", 30, boat=False)
    assert run(other, out, third).boxes == {"duck": 30, "boat": 0}  # another clip: begun anew
    assert third.looked_at == 30


def test_a_torn_journal_is_mended(tmp_path):
    path, out = clip(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    report = run(path, out)
    whole = report.boxes_path.read_bytes()
    report.boxes_path.write_bytes(whole[: len(whole) // 2])
    again = StubDetector()
    assert run(path, out, again).boxes == report.boxes
    assert 10 < again.looked_at < 20
    assert report.boxes_path.read_bytes() == whole
    entries = [json.loads(line) for line in whole.splitlines()]
    assert [entry["frame"] for entry in entries[1:-1]] == list(range(30))
    assert entries[1]["labels"] == [0, 1]


@pytest.mark.parametrize("lines", [5, 22, 45])
def test_killed_and_called_again_it_goes_on(tmp_path, lines):
    """The process is killed while it looks (after 5 and 22 of 40 frames), or while it writes (after all)."""
    path, out = clip(tmp_path / "a.mp4", 40), tmp_path / "out.mp4"
    command = [sys.executable, str(HERE / "stub_detector.py"), str(path), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == str(min(lines, 40)):
                break
        if lines > 40:  # until the first part is there
            part = tmp_path / ".out.mp4.parts" / "part_00000.mp4"
            while not part.exists() and process.poll() is None:
                time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert not out.exists() or lines > 40
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    looked = int(done.split("done ")[1])
    assert looked <= 40 - min(lines, 40) + 4  # a chunk of four may be lost
    assert len(list(read_video(out))) == 40
    fresh = run(path, tmp_path / "fresh.mp4")
    for a, b in zip(read_video(out), read_video(fresh), strict=True):
        assert np.abs(a.image.astype(int) - b.image).mean() < 3
        assert a.time == pytest.approx(b.time, abs=2e-3)
    assert not list(tmp_path.glob(".out*"))


def test_two_that_write_one_film_do_not_mix_its_journal(tmp_path):
    path, out = clip(tmp_path / "a.mp4", 40), tmp_path / "out.mp4"
    command = [sys.executable, str(HERE / "stub_detector.py"), str(path), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout is not None
        other.stdout.readline()  # it looks
        os.kill(other.pid, signal.SIGSTOP)
        before = (tmp_path / "out.mp4.boxes.jsonl").read_bytes()
        with pytest.raises(
            OSError, match=f"^path is for one detect_video .* by process {other.pid} on .* another path"
        ):
            run(path, out)
        assert (tmp_path / "out.mp4.boxes.jsonl").read_bytes() == before
        run(path, tmp_path / "another.mp4")
        os.kill(other.pid, signal.SIGKILL)
    run(path, out)
    assert (out.stat().st_size, [*tmp_path.glob(".*")]) == ((tmp_path / "another.mp4").stat().st_size, [])


def test_parts_of_another_film_are_thrown_away(tmp_path):
    parts = VideoParts(tmp_path / "a.mp4", "one", 10)
    assert parts.write_next([frame(0), frame(1)], SIZE) == 2
    assert VideoParts(tmp_path / "a.mp4", "one", 10).done == 1
    assert VideoParts(tmp_path / "a.mp4", "other", 10).done == 0


def test_parts_join_without_a_seam(tmp_path, monkeypatch):
    monkeypatch.setattr("tflhelpers.sharing.detect_video.PART_FRAMES", 7)
    report = run(clip(tmp_path / "a.mp4", 30), tmp_path / "out.mp4")
    frames = list(read_video(report))
    assert [f.time for f in frames] == pytest.approx([n / 10 for n in range(30)], abs=2e-3)
    assert [framed(f.image) for f in frames] == [pytest.approx(4 + 2 * n, abs=3) for n in range(30)]


def test_turned_clips_with_sound(tmp_path):
    flat, turned = clip(tmp_path / "flat.mp4", 10), tmp_path / "turned.mp4"
    loud = tmp_path / "loud.mp4"
    ffmpeg = [ffmpeg_program(), "-v", "error"]
    subprocess.run([*ffmpeg, "-i", flat, "-f", "lavfi", "-i", "sine=d=1", "-c:v", "copy", loud], check=True)
    subprocess.run([*ffmpeg, "-display_rotation", "90", "-i", loud, "-c", "copy", turned], check=True)
    report = run(turned, tmp_path / "out.mp4")
    assert report.image_size == (160, 96)
    assert report.notes == ("The sound was left out.",)
    assert report.boxes == {"duck": 10, "boat": 10}
    said = subprocess.run([ffmpeg_program(), "-i", report.path], capture_output=True, text=True).stderr
    assert "Audio" not in said


def test_nothing_found_is_a_clip_all_the_same(tmp_path):
    report = run(clip(tmp_path / "a.mp4", 5, duck=False, boat=False), tmp_path / "out.mp4")
    assert report.boxes == {"duck": 0, "boat": 0}
    assert str(report).endswith("Boxes: none. No box scored 0.50 or more: try a lower threshold.")


MISTAKES = [
    ({"out": "a.avi"}, ValueError, "path must end in .mp4 or .gif, got 'a.avi'. Write 'a.mp4'"),
    ({"out": "a.mp4"}, ValueError, "path must be another file than the video"),
    ({"every": 0}, ValueError, "every must be a number of frames, at least 1, got 0"),
    ({"max_seconds": 0}, ValueError, "max_seconds must be more than 0"),
    ({"threshold": 1.5}, ValueError, "threshold must be a score from 0 to 1, got 1.5"),
    ({"path": "gone.mp4"}, FileNotFoundError, "expected a video file"),
    ({"path": "no.mp4"}, VideoError, "It is no video"),
]


@pytest.mark.parametrize(("settings", "kind", "message"), MISTAKES)
def test_mistakes(tmp_path, settings, kind, message):
    clip(tmp_path / "a.mp4", 2)
    (tmp_path / "no.mp4").write_bytes(b"hello" * 999)
    settings = {"path": "a.mp4", "out": "out.mp4", **settings}
    path, out = tmp_path / settings.pop("path"), tmp_path / settings.pop("out")
    with pytest.raises(kind, match=message):
        run(path, out, **settings)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            ("a.mp4", StubDetector()),
            TypeError,
            r"detector must be a Detector, .* got str\. The call is detect_video\(",
        ),
        ((duck_photos(), "a.mp4"), TypeError, r"detector must be a Detector, .* got Annotations\."),
        (
            (StubDetector(), duck_photos()),
            TypeError,
            r"source .* got Annotations\. Write annotations\.image_paths\.",
        ),
        (
            (StubDetector(), StubDetector()),
            TypeError,
            r"source must be a video, .* got StubDetector\. The call is",
        ),
        (
            (StubDetector(), [frame(0)]),
            TypeError,
            r"source .* got a list of ndarray\. For arrays use detect_all",
        ),
        (
            (StubDetector(), "https://x.org/a.mp4"),
            ValueError,
            r"got the address https://x\.org/a\.mp4\. Fetch it",
        ),
    ],
)
def test_arguments_in_each_others_place_are_named(tmp_path, arguments, kind, message):
    with pytest.raises(kind, match=message):
        detect_video(*arguments, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_pictures_may_come_from_a_generator(tmp_path):
    for number in range(3):
        Image.fromarray(frame(number)).save(tmp_path / f"{number}.png")
    assert run((tmp_path / f"{number}.png" for number in range(3)), tmp_path / "out.mp4").frames == 3


def test_memory_does_not_grow_with_the_clip(tmp_path):
    """A frame is 46 kB; 600 in memory would be 28 MB."""
    path = clip(tmp_path / "a.mp4", 600)
    tracemalloc.start()
    try:
        run(path, tmp_path / "out.mp4")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 9_000_000


def test_long_titles_fit():
    picture = np.full((60, 60, 3), 255, np.uint8)
    for title in ("A", "Five photos of my own duck and then some more words", "Unbreakable" * 3):
        card = title_card(title, picture, (90, 160))
        assert card.shape == (90, 160, 3)
        ink = np.flatnonzero((card > 200).any(axis=(0, 2)))
        assert len(ink)
        if " " in title or len(title) == 1:
            assert ink[0] >= 4
            assert ink[-1] <= 155


def test_the_ground_of_a_title_is_the_middle_of_the_picture():
    picture = np.zeros((60, 40, 3), np.uint8)
    picture[20:40] = (200, 100, 50)  # a third of it: all that a card thrice as wide as high shows
    card = title_card("", picture, (40, 120))
    assert np.abs(card[10:30].astype(int) - (64, 32, 16)).max() <= 2


def test_text_does_not_touch_the_edge():
    boxes = StubDetector().detect(frame(0))[:1]
    shown = VideoLook(["duck"], caption="At sea", before_after=True).compose(frame(0), boxes)
    below = shown[SIZE[0] :]
    for start in (0, 164):  # the left and the right picture
        ink = np.flatnonzero((below[:, start : start + 160] < 110).any(axis=(0, 2)))
        assert 4 <= ink[0] < 20


def test_a_caption_of_several_lines_is_all_there():
    look = VideoLook(["duck"], caption="one two three four five six seven eight nine ten eleven twelve")
    short = VideoLook(["duck"], caption="one")
    boxes = StubDetector().detect(frame(0))[:1]
    assert look.compose(frame(0), boxes).shape[0] > short.compose(frame(0), boxes).shape[0] + 20


def test_a_real_detector_goes_through_detect_all(tmp_path):
    from tflhelpers.model.detector import Detector

    report = run(clip(tmp_path / "a.mp4", 5), tmp_path / "out.mp4", Detector.embedded(["duck", "boat"]))
    assert report.frames == 5
    assert video_boxes.detector_mark(Detector.embedded(["duck", "boat"]))[0] == "Detector"
    assert video_parts.PART_FRAMES == 450


def test_boxes_found_in_other_tiles_are_not_taken_for_its_own():
    whole, tiled = StubDetector(), StubDetector()
    tiled.tiles = (2, 2)
    assert video_boxes.detector_mark(whole) != video_boxes.detector_mark(tiled)
    assert len(video_boxes.detector_mark(whole)) == 3  # as in files that were written before there were tiles


def pictures(folder, images):
    """PNG files in a folder, and their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"frame{number}.png" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths


def scenes(count):
    """A duck in places that have nothing in common."""
    for number in range(count):
        small = np.random.default_rng(number).integers(60, 200, (6, 8, 3), dtype=np.uint8)
        image = np.array(Image.fromarray(small).resize((SIZE[1], SIZE[0]), Image.Resampling.BICUBIC))
        image[20:44, 10 + 20 * number : 40 + 20 * number] = COLOURS["duck"]
        yield image


@pytest.mark.parametrize("as_folder", [True, False])
def test_pictures_of_a_film_are_shown_as_one(tmp_path, as_folder):
    paths = pictures(tmp_path / "clip", [frame(number) for number in range(20)])
    report = run(tmp_path / "clip" if as_folder else paths, tmp_path / "out.mp4", fps=8)
    assert (report.frames, report.seconds, report.image_size) == (20, 20 / 8, SIZE)
    assert report.boxes == {"duck": 20, "boat": 20}
    assert report.notes == ()
    shown = [framed(f.image) for f in read_video(report)]
    assert shown == pytest.approx([4 + 2 * number for number in range(20)], abs=3)


def test_photos_of_different_scenes_can_be_looked_at(tmp_path):
    paths = pictures(tmp_path, list(scenes(5)))
    report = run(paths, tmp_path / "out.gif", fps=12)
    assert report.notes[0] == "The pictures show different scenes, so each stays for 0.8 s."
    assert report.boxes["duck"] == 5, "each where it is: nothing is steadied from one place to the next"
    with Image.open(report.path) as gif:
        assert [f.info["duration"] for f in ImageSequence.Iterator(gif)] == [800] * 5


def test_slower_than_that_is_taken_as_wished(tmp_path):
    report = run(pictures(tmp_path, list(scenes(3))), tmp_path / "out.mp4", fps=0.5)
    assert report.seconds == 6


def test_large_photos_of_all_sizes_become_one_small_gif(tmp_path):
    photos = [np.full((1200, 1600, 3), 90, np.uint8), np.full((1600, 1200, 3), 120, np.uint8)]
    report = run(pictures(tmp_path, photos), tmp_path / "out.gif")
    assert report.image_size == (720, 960)


def test_a_gif_of_many_photos_shows_the_first_40_seconds(tmp_path):
    paths = pictures(tmp_path, list(scenes(3))) * 40
    report = run(paths, tmp_path / "out.gif", max_bytes=3_000_000)
    assert report.frames == 50
    assert "It shows the first 40 s of the clip; max_seconds= changes that." in report.notes


def test_other_pictures_are_looked_at_again(tmp_path):
    folder = tmp_path / "clip"
    paths = pictures(folder, [frame(number) for number in range(6)])
    assert run(paths, tmp_path / "out.mp4").boxes == {"duck": 6, "boat": 6}
    pictures(folder, [frame(number, boat=False) for number in range(6)])
    assert run(paths, tmp_path / "out.mp4").boxes == {"duck": 6, "boat": 0}


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ([], ValueError, "source must be a video or pictures, got an empty list"),
        (["missing.png"], FileNotFoundError, "missing.png: expected a picture, got nothing there"),
        (".", FileNotFoundError, "expected pictures in this folder, got none"),
    ],
)
def test_no_pictures(tmp_path, monkeypatch, path, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        run(path, tmp_path / "out.gif")
    with pytest.raises(ValueError, match="fps must be pictures a second, more than 0, got 0"):
        run(pictures(tmp_path, [frame(0)]), tmp_path / "out.gif", fps=0)


def fresh_boxes(tmp_path, path, **settings):
    """How many boxes of each class a call that knows nothing finds."""
    return run(path, tmp_path / "fresh" / "out.mp4", **settings).boxes


def test_the_boxes_are_kept_when_only_the_look_at_them_changes(tmp_path):
    path, out = clip(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    looks = [
        ({"every": 3, "max_seconds": 0.5}, 2),  # 5 of 30 frames, 10 a second: places 0 and 3
        ({"every": 3, "max_seconds": 2}, 5),  # on to frame 20
        ({"every": 1, "max_seconds": 1}, 6),  # those of the first ten that were passed over
        ({"every": 2, "max_seconds": 0.3}, 0),
        ({}, 17),
        ({"threshold": 0.95}, 0),
        ({"threshold": 0.45}, 0),
        ({"max_seconds": 1.05, "steady": False}, 0),
        ({"threshold": 0.1}, 30),  # of lower scores than were kept
        ({}, 0),
    ]
    for number, (settings, looked_at) in enumerate(looks):
        detector = StubDetector()
        report = run(path, out, detector, **settings)
        assert detector.looked_at == looked_at, settings
        (tmp_path / str(number)).mkdir()
        fresh = run(path, tmp_path / str(number) / "out.mp4", **settings)
        assert (report.boxes, report.frames, report.notes) == (fresh.boxes, fresh.frames, fresh.notes)


@pytest.mark.parametrize(("seconds", "looked_at"), [(None, 0), (2.0, 10)])
def test_boxes_that_version_1_kept_are_gone_on_with(tmp_path, seconds, looked_at):
    path, out, detector = clip(tmp_path / "a.mp4"), tmp_path / "out.mp4", StubDetector()
    wanted = run(path, out).boxes
    head, *frames, _ = out.with_name("out.mp4.boxes.jsonl").read_text().splitlines()
    head = json.loads(head)
    head |= {"version": 1, "frames": [*head["frames"], seconds, 1]}
    kept = frames if seconds is None else frames[:20]
    end = {"end": {"has_sound": False, "damaged": False, "cut": seconds is not None}}
    lines = [json.dumps(head), *kept, json.dumps(end)]
    out.with_name("out.mp4.boxes.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for _ in range(2):
        assert run(path, out, detector).boxes == wanted
        assert detector.looked_at == looked_at


@pytest.mark.parametrize("content", [b"my own list\n", b'{"of": "somebody else"}\n', b"\xff\xfe"])
def test_another_file_of_the_journals_name_is_left_as_it_is(tmp_path, content):
    path, own = clip(tmp_path / "a.mp4"), tmp_path / "out.mp4.boxes.jsonl"
    own.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"expected the boxes of a video, .* got another file\. Rename it.* another path\."
    ):
        run(path, tmp_path / "out.mp4")
    assert own.read_bytes() == content


def test_a_folder_of_the_journals_name_is_named(tmp_path):
    (tmp_path / "out.mp4.boxes.jsonl").mkdir()
    with pytest.raises(
        ValueError, match=r"out\.mp4\.boxes\.jsonl: expected the boxes of a video, .* a folder\."
    ):
        run(clip(tmp_path / "a.mp4", 2), tmp_path / "out.mp4")


@pytest.mark.slow
def test_killed_at_thirty_moments_it_ends_as_the_unbroken_one(tmp_path):
    path, out = clip(tmp_path / "a.mp4", 40), tmp_path / "out.mp4"
    command = [sys.executable, str(HERE / "stub_detector.py"), str(path), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    rng = np.random.default_rng(2)
    for _ in range(30):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            time.sleep(rng.uniform(0.3, 2.0))
            process.kill()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert len(list(read_video(out))) == 40
    assert run(path, out).boxes == fresh_boxes(tmp_path, path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.mp4",
        "fresh",
        "out.mp4",
        "out.mp4.boxes.jsonl",
    ]
