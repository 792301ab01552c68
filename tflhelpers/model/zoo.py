"""The TF2 detection model zoo's SSD-FPN detectors: what there is, and fetching one.

Names, COCO mAP and milliseconds are those of the zoo's page
(tensorflow/models, research/object_detection/g3doc/tf2_detection_zoo.md). For the two models in `zoo_data/`
the genuine size and CRC-32C of every tensor are known and compared. The others are checked as far as they
themselves allow: gzip's checksum over the archive, the length of the data file against the index, each
tensor's CRC-32C against the index; and what was fetched first is held against whatever comes later (`pins`).
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tflhelpers.model.checkpoint import verify_tensors
from tflhelpers.model.checkpoint_file import CheckpointError, find_checkpoint
from tflhelpers.model.fetch import fetch
from tflhelpers.model.pins import check_pin
from tflhelpers.model.saved_model_file import saved_model_folder

BASE_URL = "https://download.tensorflow.org/models/object_detection/tf2/20200711"
FIGURES_FOLDER = Path(__file__).parent / "zoo_data"


@dataclass(frozen=True)
class ZooModel:
    """One detector of the model zoo, trained on COCO 2017 (90 class ids).

    Attributes:
        name: the zoo's name, also of its folder and archive.
        family: builder in `ssd.FAMILIES`.
        depth: of the ResNet; None for MobileNet.
        input_size: (height, width) in pixels.
        coco_map: published COCO mAP in percent.
        speed_ms: published milliseconds a picture, on the GPU of 2020 that the zoo's authors used.
        url: of the archive.
        archive_bytes: length of the archive where it is known for sure, else None.
        download_mb: about so many megabytes have to be downloaded: the archive holds the weights twice.
    """

    name: str
    family: str
    depth: int | None
    input_size: tuple[int, int]
    coco_map: float
    speed_ms: int
    url: str
    archive_bytes: int | None = None
    download_mb: int = 0

    @property
    def short_name(self) -> str:
        """Such as "retinanet_resnet50_640" or "mobilenet_320"."""
        network = f"retinanet_resnet{self.depth}" if self.depth else "mobilenet"
        return f"{network}_{self.input_size[0]}"

    @property
    def title(self) -> str:
        """Such as "SSD ResNet50 V1 FPN 640"."""
        network = f"ResNet{self.depth} V1 FPN" if self.depth else "MobileNetV2 FPNLite"
        return f"SSD {network} {self.input_size[0]}"

    @property
    def figures(self) -> Path | None:
        """File with the size and CRC-32C of each genuine tensor, None where they are not known."""
        path = FIGURES_FOLDER / f"{self.name}.json"
        return path if path.is_file() else None


def zoo_models() -> dict[str, ZooModel]:
    """Name → detector, for every SSD-FPN entry of the zoo that our builders cover."""
    rows = [
        # backbone, side in pixels, COCO mAP in percent, milliseconds, about MB to download
        (50, 640, 34.3, 46, 245),
        (50, 1024, 38.3, 87, 245),
        (101, 640, 35.6, 57, 390),
        (101, 1024, 39.5, 104, 390),
        (152, 640, 35.4, 80, 510),
        (152, 1024, 39.6, 111, 510),
        (None, 320, 22.2, 22, 20),
        (None, 640, 28.2, 39, 20),
    ]
    models = [_model(*row) for row in rows]
    return {model.name: model for model in models}


def zoo_model(name: str) -> ZooModel:
    """The zoo's detector of that name, in full or short. Raises ValueError that lists the known names."""
    models = zoo_models()
    short = {model.short_name: model for model in models.values()}
    if name not in models and name not in short:
        close = get_close_matches(name, [*models, *short], n=1, cutoff=0.3)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(
            f"The zoo table has no {name!r}.{hint} Known: {', '.join(models)}; in short: {', '.join(short)}."
        )
    return models.get(name) or short[name]


def fetch_zoo_model(
    name: str, *, cache: str | Path | None = None, progress: bool = True, **options: Any
) -> Path:
    """Fetches a zoo detector once, verifies it, and returns its checkpoint prefix.

    Args:
        name: a name in `zoo_models()`.
        cache: folder for downloads; `default_cache()` if None. Where its folder `NAME` holds a SavedModel only, that is
            returned.
        progress: show a bar.
        **options: `attempts`, `backoff_s` and `timeout_s` of `download`.

    Raises:
        ValueError: unknown name.
        FetchError: cannot be downloaded or unpacked; says where to put the file by hand.
        CheckpointError: (a ValueError) what was fetched is damaged or not the genuine file.

    Without network and with the folder `NAME` in the cache, nothing is asked of the network. A freshly
    unpacked checkpoint is read once in full; later calls compare its index and sizes only, as `restore`
    checks each tensor it reads.
    """
    model = zoo_model(name)
    cache = Path(cache).expanduser() if cache is not None else default_cache()
    is_fresh = not (cache / model.name).is_dir()
    options = {"most_bytes": 2 * model.download_mb * 10**6, **options}
    folder = fetch(model.url, cache, expected_bytes=model.archive_bytes, progress=progress, **options)
    try:
        return _verified(folder, model, read_data=is_fresh)
    except CheckpointError as error:
        raise CheckpointError(f"{error} To fetch it again, delete the folder {folder}.") from None


def _verified(folder: Path, model: ZooModel, *, read_data: bool) -> Path:
    """What to read in an unpacked folder. The genuine figures are those of checkpoints, and say nothing of others."""
    saved_model = saved_model_folder(folder)
    path, figures = (find_checkpoint(folder), model.figures) if saved_model is None else (saved_model, None)
    verify_tensors(path, figures, read_data=read_data)
    if saved_model is None and figures is None:
        check_pin(model.name, path, folder.parent, read_data=read_data)
    return path


def default_cache() -> Path:
    """`models` in the `transfer_learning_project` on Drive or in this folder; without one, in the home."""
    drive = Path("/content/drive/MyDrive")
    for parent in (drive, Path.cwd()):
        if (parent / "transfer_learning_project").is_dir():
            return parent / "transfer_learning_project" / "models"
    return Path.home() / ".cache" / "tflhelpers" / "zoo"


def _model(depth: int | None, side: int, coco_map: float, speed_ms: int, download_mb: int) -> ZooModel:
    network = f"resnet{depth}_v1_fpn" if depth else "mobilenet_v2_fpnlite"
    name = f"ssd_{network}_{side}x{side}_coco17_tpu-8"
    return ZooModel(
        name=name,
        family="ssd_resnet_fpn" if depth else "ssd_mobilenet_v2_fpnlite",
        depth=depth,
        input_size=(side, side),
        coco_map=coco_map,
        speed_ms=speed_ms,
        url=f"{BASE_URL}/{name}.tar.gz",
        download_mb=download_mb,
    )
