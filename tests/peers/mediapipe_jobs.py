"""What MediaPipe does in its own environment: runs a detector on pictures, and reads the metadata with its schema.

    python mediapipe_jobs.py MODEL SCORE_THRESHOLD PICTURE...

prints a JSON line: `detections`, for each picture a list of [label, score, x, y, width, height], and `metadata`.
"""

import json
import sys

import mediapipe
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.metadata import schema_py_generated as tflite_schema
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import ObjectDetector, ObjectDetectorOptions


def detections(path, threshold, pictures):
    options = ObjectDetectorOptions(
        base_options=BaseOptions(model_asset_path=path), score_threshold=threshold, max_results=100
    )
    with ObjectDetector.create_from_options(options) as detector:
        return [
            [_row(found) for found in detector.detect(mediapipe.Image.create_from_file(picture)).detections]
            for picture in pictures
        ]


def _row(found):
    box, best = found.bounding_box, found.categories[0]
    return [best.category_name, float(best.score), box.origin_x, box.origin_y, box.width, box.height]


def metadata(path):
    with open(path, "rb") as file:
        model = tflite_schema.ModelT.InitFromPackedBuf(bytearray(file.read()), 0)
    (entry,) = [entry for entry in model.metadata if entry.name == b"TFLITE_METADATA"]
    whole = schema.ModelMetadataT.InitFromPackedBuf(bytes(bytearray(model.buffers[entry.buffer].data)), 0)
    graph = whole.subgraphMetadata[0]
    unit = graph.inputTensorMetadata[0].processUnits[0].options
    return {
        "description": whole.description.decode(),
        "parser": whole.minParserVersion.decode(),
        "inputs": [tensor.name.decode() for tensor in graph.inputTensorMetadata],
        "color_space": graph.inputTensorMetadata[0].content.contentProperties.colorSpace,
        "normalization": [[float(x) for x in unit.mean], [float(x) for x in unit.std]],
        "outputs": [tensor.name.decode() for tensor in graph.outputTensorMetadata],
        "box_order": [int(i) for i in graph.outputTensorMetadata[0].content.contentProperties.index],
        "ranges": [_range(tensor.content.range) for tensor in graph.outputTensorMetadata],
        "files": [
            [file.name.decode(), file.type]
            for tensor in graph.outputTensorMetadata
            for file in tensor.associatedFiles or ()
        ],
        "group": [name.decode() for name in graph.outputTensorGroups[0].tensorNames],
    }


def _range(given):
    return None if given is None else [given.min, given.max]


if __name__ == "__main__":
    model_path, score_threshold, *picture_paths = sys.argv[1:]
    answer = {
        "detections": detections(model_path, float(score_threshold), picture_paths),
        "metadata": metadata(model_path),
    }
    print(json.dumps(answer))
