"""A project hands out the thing alone, and tells the sentence, once."""

from types import SimpleNamespace

import pytest

import tflhelpers as tfl
from tests.ready_made.own_photos import as_if_trained, save_photos
from tflhelpers.project import Project
from tflhelpers.ready_made.brought import Brought
from tflhelpers.ready_made.photos import scoring_photos_for
from tflhelpers.sharing import web_demo
from tflhelpers.sharing.video_file import write_video

CUPS = [[[1, 2, 30, 20]], [[5, 5, 9, 9]]]
ONE_TOLD = "Your own 2 photos with 2 boxes, from {data}/annotations.json.\n"


def test_photos_come_alone_and_the_sentence_is_printed(project, capsys):
    save_photos(project.data, CUPS)
    assert isinstance(project.photos(), tfl.Annotations)
    assert capsys.readouterr().out.replace("\\", "/") == ONE_TOLD.format(data=project.data)
    assert len(project.scoring_photos()) == 2
    assert capsys.readouterr().out.startswith(
        "Scores will be measured on the same 2 photos that you train on"
    )


@pytest.mark.parametrize(
    ("ask", "thing", "told"),
    [
        (
            lambda project: project.photo_folder(),
            lambda project: project.data / "practice",
            "so you can practise",
        ),
        (
            lambda project: project.clip()[0].name,
            lambda project: tfl.samples.duck_clip().image_paths[0].name,
            "48",
        ),
        (
            lambda project: type(project.brought()),
            lambda project: Brought,
            "practise on drawn photos of a duck",
        ),
        (
            lambda project: project.labelled_photos(count=2).counts["normal"],
            lambda project: 2,
            "4 drawn clothes",
        ),
        (lambda project: project.heic(), lambda project: None, "There are no HEIC photos."),
        (lambda project: project.film_frames(), lambda project: None, "No film is named in the settings"),
    ],
)
def test_what_is_ready_made_is_handed_out_and_named(project, capsys, ask, thing, told):
    assert ask(project) == thing(project)
    said = capsys.readouterr().out
    assert told in said
    assert said.count("\n") == 1, "one sentence, one line"


def test_frames_of_a_film_are_taken_and_told(project, capsys):
    write_video(tfl.samples.duck_clip().image_paths, project.folder / "walk.mp4", fps=12, progress=False)
    assert project.film_frames("walk.mp4", max_frames=3) is None
    assert "3" in capsys.readouterr().out
    assert len(list(project.data.glob("*.jpg"))) == 3


def test_an_upload_shows_a_button_or_says_why_not(project, capsys, monkeypatch):
    monkeypatch.setattr("tflhelpers.data.collect.upload", lambda folder: "button")
    assert project.upload() == "button"
    assert capsys.readouterr().out == ""
    save_photos(project.data, CUPS)
    in_colab = Project(project.folder, in_colab=True)
    assert in_colab.upload() is None
    assert capsys.readouterr().out.startswith("You have 2 photos. To add more, run tfl.collect.upload")


def test_a_detector_is_kept_found_and_measured(project, capsys, small_embedded):
    save_photos(project.data, CUPS)
    photos = project.photos()
    detector = as_if_trained(photos)
    assert project.keep(detector) == project.models / "detector"
    assert "The detector is saved in " in capsys.readouterr().out
    assert project.detector().folder == project.models / "detector"
    assert "The detector for cup saved in " in capsys.readouterr().out
    assert project.threshold(detector, SimpleNamespace(threshold=0.83), photos) == 0.5
    assert "The threshold stays 0.50" in capsys.readouterr().out
    assert project.training_folder(detector, photos, steps=2).parent == project.models / "training"
    assert capsys.readouterr().out == "", "a folder that nobody looks into needs no sentence"


def test_nothing_to_propose_is_said(project, capsys):
    annotator = SimpleNamespace(annotations=tfl.samples.duck_photos()[:1], states="btttt")
    assert project.proposer(annotator) is None
    assert capsys.readouterr().out == "Photos with boxes so far: 1. Draw on 2, then run this cell again.\n"
    assert project.proposer(annotator, min_photos=3) is None
    assert "Draw on 3" in capsys.readouterr().out
    assert project.proposer(annotator, wanted=False) is None
    assert "Proposals are off." in capsys.readouterr().out


def test_a_first_look_without_a_network_says_why(project, capsys):
    assert project.first_look(start="embedded").shape == (480, 640, 3)
    assert capsys.readouterr().out.startswith("Skipped: this needs a detector that knows COCO's 90 things.")


def test_a_page_that_cannot_be_written_is_said(project, capsys, monkeypatch):
    from tflhelpers.files.download import FetchError

    def unreachable(runtime=None, **_):
        raise FetchError("no network.")

    monkeypatch.setattr(web_demo, "fetch_runtime", unreachable)
    assert project.web_demo(tfl.Detector.embedded(["duck"])) is None
    assert capsys.readouterr().out.startswith("The page was not written. no network.")


def test_the_results_page_says_what_it_was_measured_on(project, capsys):
    save_photos(project.data, CUPS)
    photos = project.photos()
    detector = as_if_trained(photos)
    exam = scoring_photos_for(project, detector)[1]
    capsys.readouterr()
    page = project.results_page(detector, title="Cups", command="tfl", progress=False)
    assert page == project.results / "results.html"
    assert capsys.readouterr().out == f"The page is {page}. {exam}\n"
    text = page.read_text("utf-8")
    assert "<td>exam</td><td>Measured on the same 2 photos that it was trained on" in text
    assert "<td>classes</td><td>cup</td>" in text
    page = project.results_page(detector, photos[:1], title="Cups", name="one.html", progress=False)
    assert (page.name, "Measured on 1 photo." in page.read_text("utf-8")) == ("one.html", True)
