"""Fitting: features and fine-tuning learn, hold out fairly, keep their work and go on after dying."""

from __future__ import annotations

import errno
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tests.classification.tiny import striped_and_checked, tiny_classifier
from tflhelpers.classification import embeddings, fine_tuning, resized
from tflhelpers.classification.fitting import fit_classifier
from tflhelpers.classification.judgement import evaluate_classifier
from tflhelpers.classification.labelled import LabelledPicture, labelled_photos
from tflhelpers.model.preprocess import network_input
from tflhelpers.training import resume


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return labelled_photos(striped_and_checked(tmp_path_factory.mktemp("patterns"), 30))


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return labelled_photos(striped_and_checked(tmp_path_factory.mktemp("others"), 20, seed=9))


def test_features_are_learned_from(monkeypatch, pictures, others):
    classifier = tiny_classifier(monkeypatch)
    history = fit_classifier(classifier, pictures, progress=False)
    assert (len(history.learned_from), len(history.held_out)) == (48, 12)
    assert history.held_out.counts == {"checked": 6, "striped": 6}
    assert not {p.path for p in history.learned_from} & {p.path for p in history.held_out}
    assert evaluate_classifier(classifier, others, progress=False).accuracy > 0.6
    judged = evaluate_classifier(classifier, history.held_out, progress=False)
    assert judged.accuracy == history.accuracy
    assert history.accuracy_interval == judged.accuracy_interval
    assert history.l2 in history.l2_tried
    assert "learned from 48 pictures" in repr(history)


def test_equal_seeds_fit_equally(monkeypatch, pictures):
    heads = []
    for seed in (1, 1, 2):
        classifier = tiny_classifier(monkeypatch)
        fit_classifier(classifier, pictures, seed=seed, progress=False)
        heads.append(classifier.head[0])
    np.testing.assert_array_equal(heads[0], heads[1])
    assert np.abs(heads[0] - heads[2]).max() > 1e-3


@pytest.mark.parametrize("validation", [None, 0, "own"])
def test_what_is_held_out_may_be_chosen(monkeypatch, pictures, others, validation):
    given = others if validation == "own" else validation
    history = fit_classifier(tiny_classifier(monkeypatch), pictures, validation=given, progress=False)
    assert len(history.learned_from) == 60
    assert (history.held_out is None) == (validation != "own")
    assert (history.accuracy is None) == (validation != "own")


def test_a_picture_that_cannot_be_decoded_is_left_out(monkeypatch, tmp_path):
    folder = striped_and_checked(tmp_path, 6)
    whole = (folder / "striped" / "0.png").read_bytes()
    (folder / "striped" / "cut.png").write_bytes(whole[: len(whole) // 2])
    history = fit_classifier(tiny_classifier(monkeypatch), labelled_photos(folder), progress=False)
    assert len(history.learned_from) + len(history.held_out) == 12
    assert "cut.png: expected a whole picture" in history.left_out[0]
    assert any("checked has 5 pictures to learn from" in note for note in history.notes)


def test_a_picture_saved_anew_in_another_class_is_said(monkeypatch, tmp_path):
    """Other bytes, the same picture: it cannot be known which class is right, so it is learned from."""
    folder = striped_and_checked(tmp_path, 6)
    with Image.open(folder / "striped" / "0.png") as picture:
        picture.save(folder / "checked" / "again.png", compress_level=0)
    history = fit_classifier(tiny_classifier(monkeypatch), labelled_photos(folder), progress=False)
    [note] = [note for note in history.notes if "two classes" in note]
    assert note.startswith(
        f"The same picture in two classes: {folder / 'checked' / 'again.png'} (checked) and "
    )
    assert f"{folder / 'striped' / '0.png'} (striped). Delete" in note


def test_pictures_are_in_memory_a_few_at_a_time(monkeypatch, tmp_path):
    """300 of them, each of 0.5 MB, never take what 80 of them would."""
    folder = striped_and_checked(tmp_path, 1)
    few, side = [], 400
    for number, name in enumerate(("checked", "striped")):
        path = tmp_path / f"large_{name}.png"
        with Image.open(folder / name / "0.png") as picture:
            picture.convert("RGB").resize((side, side)).save(path)
        few.append(LabelledPicture(path, number))
    classifier = tiny_classifier(monkeypatch)
    embeddings.embed(classifier, few, progress=False)  # what it loads is not what the pictures take
    tracemalloc.start()
    found = embeddings.embed(classifier, few * 150, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.rows) == 300
    assert peak < 80 * 3 * side * side


def test_features_are_computed_once(monkeypatch, pictures, tmp_path):
    first = tiny_classifier(monkeypatch)
    fit_classifier(first, pictures, resume_dir=tmp_path, progress=False)
    for path in tmp_path.glob("embeddings-*/*.npz"):
        assert path.stat().st_size > 1000
    monkeypatch.setattr(embeddings, "run_padded", lambda *_: pytest.fail("computed again"))
    again = tiny_classifier(monkeypatch)
    history = fit_classifier(again, pictures, resume_dir=tmp_path, progress=False)
    np.testing.assert_array_equal(again.head[0], first.head[0])
    assert "The features of 60 pictures were kept from an earlier call." in history.notes


def test_a_run_that_dies_keeps_what_was_seen(monkeypatch, pictures, tmp_path):
    classifier, seen = tiny_classifier(monkeypatch), []

    def dies(*what):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(what)
        return run_padded(*what)

    run_padded = embeddings.run_padded
    monkeypatch.setattr(embeddings, "run_padded", dies)
    with pytest.raises(KeyboardInterrupt):
        embeddings.embed(classifier, pictures.pictures, cache=tmp_path, progress=False)
    monkeypatch.setattr(embeddings, "run_padded", run_padded)
    found = embeddings.embed(classifier, pictures.pictures, cache=tmp_path, progress=False)
    assert (found.reused, len(found.rows)) == (32, 60)
    fresh = embeddings.embed(classifier, pictures.pictures, progress=False)
    np.testing.assert_allclose(found.features, fresh.features, atol=1e-5)
    assert fresh.features.shape == (60, 1, 20)
    np.testing.assert_array_equal(found.cells, fresh.cells)


def test_mirror_images_are_views_of_their_picture(monkeypatch, pictures, tmp_path):
    """The features of the mirror image, which the cache keeps apart from those of the picture alone."""
    classifier, few = tiny_classifier(monkeypatch), pictures.pictures[:3]
    both = embeddings.embed(classifier, few, cache=tmp_path, mirrored=True, progress=False).features
    alone = embeddings.embed(classifier, few, cache=tmp_path, progress=False)
    np.testing.assert_allclose(both[:, :1], alone.features, atol=1e-5)
    assert alone.reused == 0
    inputs = np.stack([network_input(each.read(), classifier.image_size)[:, ::-1] for each in few])
    np.testing.assert_allclose(both[:, 1], classifier.answers.predict_on_batch(inputs)["features"], atol=1e-4)


def test_other_weights_are_other_features(monkeypatch, pictures, tmp_path):
    classifier = tiny_classifier(monkeypatch)
    few = pictures.pictures[:4]
    embeddings.embed(classifier, few, cache=tmp_path, progress=False)
    layer = classifier.network.get_layer("conv1")
    layer.kernel.assign(np.asarray(layer.kernel) * 2)
    assert embeddings.embed(classifier, few, cache=tmp_path, progress=False).reused == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_cache_file_is_looked_over(monkeypatch, pictures, tmp_path):
    classifier = tiny_classifier(monkeypatch)
    few = pictures.pictures[:4]
    before = embeddings.embed(classifier, few, cache=tmp_path, progress=False)
    file = next(tmp_path.glob("*/*.npz"))
    file.write_bytes(file.read_bytes()[:300])
    after = embeddings.embed(classifier, few, cache=tmp_path, progress=False)
    assert after.reused == 0
    np.testing.assert_array_equal(after.features, before.features)


def test_too_many_pictures_for_memory_lie_in_a_file(pictures):
    with resized.ResizedPictures(pictures.take(range(3)), (8, 9), False, memory_bytes=100) as stored:
        assert stored.on_disk
        folder = stored._folder
        on_disk = stored[np.arange(3)]
    with resized.ResizedPictures(pictures.take(range(3)), (8, 9), False) as stored:
        assert not stored.on_disk
        np.testing.assert_array_equal(stored[np.arange(3)], on_disk)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pictures": ["a.png"]}, TypeError, "must be LabelledPictures, got list"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"augment": "much"}, ValueError, 'augment must be "auto", True, False or None'),
        ({"budget": "soon"}, ValueError, "budget must be a time"),
        ({"validation": 1.5}, ValueError, "between 0 and 1, got 1.5"),
    ],
)
def test_arguments_that_make_no_sense(monkeypatch, pictures, arguments, error, message):
    given = {"pictures": pictures.take([0, 1, 2, 30, 31, 32]), **arguments}
    with pytest.raises(error, match=message):
        fit_classifier(tiny_classifier(monkeypatch), given.pop("pictures"), **given, progress=False)


def test_classes_must_be_the_classifiers(monkeypatch, pictures):
    with pytest.raises(ValueError, match="classes must be the classifier's"):
        fit_classifier(tiny_classifier(monkeypatch, class_names=("a", "b")), pictures)


# ---- fine-tuning


def fine_tune(monkeypatch, pictures, **arguments):
    classifier = tiny_classifier(monkeypatch, "fine-tune")
    before = {
        layer.name: [np.asarray(w).copy() for w in layer.weights] for layer in classifier.network.layers
    }
    history = fit_classifier(classifier, pictures, **{"epochs": 3, "progress": False, **arguments})
    return classifier, history, before


def test_the_last_layers_learn_and_batch_norm_does_not(monkeypatch, pictures):
    monkeypatch.setattr(fine_tuning, "RATE", 0.01)
    classifier, history, before = fine_tune(monkeypatch, pictures, epochs=4, validation=None)
    changed = {
        layer.name: any(
            np.abs(np.asarray(now) - then).max() > 1e-7
            for now, then in zip(layer.weights, before[layer.name], strict=True)
        )
        for layer in classifier.network.layers
        if layer.weights
    }
    assert changed == {"conv0": False, "bn": False, "conv1": True, "logits": True}
    assert len(history.loss) == 4
    assert history.loss[-1] < history.loss[0]


def test_what_is_held_out_decides_which_weights_stay(monkeypatch, pictures):
    """At an absurd rate each epoch is worse than the start, so the start is kept, and training ends early."""
    monkeypatch.setattr(fine_tuning, "RATE", 30.0)
    monkeypatch.setattr(fine_tuning, "PATIENCE", 2)
    classifier, history, before = fine_tune(monkeypatch, pictures, epochs=9, augment=None)
    assert len(history.held_out_loss) == 1 + len(history.loss) == 3
    assert history.held_out_loss[0] == min(history.held_out_loss)
    np.testing.assert_array_equal(classifier.network.get_layer("conv1").kernel, before["conv1"][0])
    assert "did not help" in " ".join(history.notes)


def test_fine_tuning_is_not_worse_than_features(monkeypatch, pictures, others):
    features = tiny_classifier(monkeypatch)
    fit_classifier(features, pictures, progress=False)
    monkeypatch.setattr(fine_tuning, "RATE", 0.003)
    tuned, history, _ = fine_tune(monkeypatch, pictures, epochs=12)
    assert min(history.held_out_loss) <= history.held_out_loss[0]
    judged = [evaluate_classifier(each, others, progress=False).accuracy for each in (features, tuned)]
    assert judged[1] >= judged[0] - 0.05


@pytest.mark.parametrize(
    "dies_at", [4, *(pytest.param(step, marks=pytest.mark.slow) for step in (0, 2, 3, 8))]
)
def test_a_training_that_dies_goes_on_and_ends_as_the_unbroken_one(monkeypatch, pictures, tmp_path, dies_at):
    monkeypatch.setattr(resume, "SAVE_SECONDS", 0.0)
    unbroken, whole, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path / "unbroken")
    learn, steps = fine_tuning._Trainer.learn, []

    def dies(self, *batch):
        if len(steps) == dies_at:
            raise KeyboardInterrupt
        steps.append(None)
        return learn(self, *batch)

    monkeypatch.setattr(fine_tuning._Trainer, "learn", dies)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(monkeypatch, pictures, resume_dir=tmp_path / "broken")
    counted = []

    def counts(self, *batch):
        counted.append(None)
        return learn(self, *batch)

    monkeypatch.setattr(fine_tuning._Trainer, "learn", counts)
    broken, again, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path / "broken")
    assert len(counted) == 9 - dies_at
    np.testing.assert_allclose(again.loss, whole.loss, atol=1e-4)
    np.testing.assert_allclose(again.held_out_loss, whole.held_out_loss, atol=1e-4)
    for ours, its in zip(broken.network.variables, unbroken.network.variables, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(its), atol=1e-4)


def test_a_finished_training_is_not_done_again_and_another_is_refused(monkeypatch, pictures, tmp_path):
    first, _, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path)
    monkeypatch.setattr(fine_tuning._Trainer, "learn", lambda *_: pytest.fail("learned again"))
    again, _, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path)
    for ours, its in zip(again.network.variables, first.network.variables, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(its), atol=1e-6)
    other = tiny_classifier(monkeypatch, "fine-tune")
    before = [np.asarray(variable).copy() for variable in other.network.variables]
    with pytest.raises(ValueError, match="belongs to another training"):
        fit_classifier(other, pictures, epochs=5, resume_dir=tmp_path, progress=False)
    for variable, value in zip(other.network.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)


@pytest.mark.parametrize("left", [0.5, None], ids=["cut", "gone"])
def test_without_its_best_weights_a_training_starts_anew_and_ends_the_same(
    monkeypatch, pictures, tmp_path, caplog, left
):
    first, history, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path)
    (best,) = tmp_path.rglob(fine_tuning.BEST_FILE)
    if left is None:
        best.unlink()
    else:
        best.write_bytes(best.read_bytes()[: int(left * best.stat().st_size)])
    again, another, _ = fine_tune(monkeypatch, pictures, resume_dir=tmp_path)
    assert f"{fine_tuning.BEST_FILE} is damaged or gone" in caplog.text
    np.testing.assert_allclose(another.loss, history.loss, atol=1e-4)
    np.testing.assert_allclose(another.held_out_loss, history.held_out_loss, atol=1e-4)
    for ours, its in zip(again.network.variables, first.network.variables, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(its), atol=1e-4)


def test_where_the_disk_refuses_the_best_weights_the_state_before_stays_whole(
    monkeypatch, pictures, tmp_path, caplog
):
    """Each epoch is better than the one before; only the weights before the first can be written."""
    losses = iter(range(100, 0, -1))
    monkeypatch.setattr(resized.ResizedPictures, "loss", lambda *_: float(next(losses)))
    monkeypatch.setattr(resume, "SAVE_SECONDS", 0.0)
    write, written, learn, counted = fine_tuning.write_npz, [], fine_tuning._Trainer.learn, []

    def write_once(*arguments):
        written.append(arguments)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*arguments)

    def counts(self, *batch):
        counted.append(None)
        return learn(self, *batch)

    with monkeypatch.context() as full:
        full.setattr(fine_tuning, "write_npz", write_once)
        _, history, _ = fine_tune(full, pictures, resume_dir=tmp_path)
    assert any("No space left on device" in note for note in history.notes)
    monkeypatch.setattr(fine_tuning._Trainer, "learn", counts)
    fine_tune(monkeypatch, pictures, resume_dir=tmp_path)
    assert len(counted) == 9 - 2, "it goes on from the state before the first epoch ended"
    assert "damaged or gone" not in caplog.text


def test_a_budget_ends_it(monkeypatch, pictures):
    _, history, _ = fine_tune(monkeypatch, pictures, epochs=10_000, budget=4.0, validation=None)
    assert 0 < history.seconds < 30


def test_random_changes_leave_the_range(pictures):
    image = np.asarray(Image.open(pictures[0].path).convert("RGB").resize((24, 24)), np.float32)[None]
    x = image
    for layer in fine_tuning.augmentation(3):
        x = layer(x, training=True)
    changed = np.asarray(x)
    assert np.abs(changed - image).max() > 10
    assert changed.min() >= -1e-3
    assert changed.max() <= 255.001
