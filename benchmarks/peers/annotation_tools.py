"""A tool's own reader of annotations, measured in this process: python annotation_tools.py TOOL FILE_OR_FOLDER

Answers with a JSON line: seconds with the imports of modules, peak memory, pictures and boxes that were read.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path


def datumaro(path):
    import datumaro as dm

    pictures = boxes = 0
    for item in dm.Dataset.import_from(path, "cvat"):
        pictures += 1
        boxes += len(item.annotations)
    return pictures, boxes


def labelme(path):
    from labelme import _label_file as files

    found = [files.read_label_file(str(each)) for each in sorted(Path(path).glob("*.json"))]
    return len(found), sum(len(each.shapes) for each in found)


def label_studio(path):
    """Its converter reads tasks one by one; it writes COCO as it goes, which we cannot ask it to leave."""
    from label_studio_sdk.converter import Converter

    config = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        '<Label value="duck"/></RectangleLabels></View>'
    )
    with tempfile.TemporaryDirectory() as folder:
        converter = Converter(config, folder, download_resources=False)
        converter.convert_to_coco(path, folder, output_image_dir=folder, is_dir=False)
        made = json.loads(Path(folder, "result.json").read_text("utf-8"))
    return len(made["images"]), len(made["annotations"])


def main(tool, path):
    began = time.perf_counter()
    pictures, boxes = {"datumaro": datumaro, "labelme": labelme, "label_studio": label_studio}[tool](path)
    figures = {
        "seconds": time.perf_counter() - began,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pictures": pictures,
        "boxes": boxes,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
