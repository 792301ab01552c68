"""Annotations written and read by a tool's own code, in its own Python, which lacks our package.

    python annotation_jobs.py write|read TOOL FORMAT FOLDER SET.json

FOLDER/out/images holds the pictures. `write` takes SET.json and puts the tool's files into FOLDER/out; `read` takes our
files from there and writes SET.json. That is {"classes": [...], "pictures": [{"name", "width", "height", "boxes":
[[class, x1, y1, x2, y2], ...]}, ...]}, the sizes and edges in upright pixels.
"""

import json
import shutil
import sys
from pathlib import Path


def datumaro(direction, format, folder, data):
    import datumaro as dm

    name = {"coco": "coco_instances", "voc": "voc_detection"}.get(format, format)
    if direction == "write":
        items = [
            dm.DatasetItem(
                id=Path(each["name"]).stem,
                media=dm.Image.from_file(path=str(folder / "out" / "images" / each["name"])),
                annotations=[
                    dm.Bbox(x1, y1, x2 - x1, y2 - y1, label=label) for label, x1, y1, x2, y2 in each["boxes"]
                ],
            )
            for each in data["pictures"]
        ]
        dm.Dataset.from_iterable(items, categories=data["classes"]).export(
            str(folder / "out"), name, save_media=True
        )
        if format != "coco":  # it has a folder of its own for pictures
            shutil.rmtree(folder / "out" / "images")
        return None
    lay_out_as_it_looks_for_them(format, folder / "out")
    dataset = dm.Dataset.import_from(str(folder / "out"), name)
    labels = [each.name for each in dataset.categories()[dm.AnnotationType.label]]
    return labels, {
        item.id.split("/")[-1]: [
            [labels[box.label], box.x, box.y, box.x + box.w, box.y + box.h]
            for box in item.annotations
            if box.type is dm.AnnotationType.bbox
        ]
        for item in dataset
    }


def lay_out_as_it_looks_for_them(format, out):
    if format == "cvat":
        (out / "images" / "annotations.xml").rename(out / "annotations.xml")
    elif format == "coco":
        (out / "annotations").mkdir()
        (out / "annotations.json").rename(out / "annotations" / "instances_default.json")
    elif format == "voc":
        (out / "images").rename(out / "JPEGImages")
        (out / "ImageSets" / "Main").mkdir(parents=True)
        stems = [path.stem for path in sorted((out / "Annotations").glob("*.xml"))]
        (out / "ImageSets" / "Main" / "default.txt").write_text("\n".join(stems))
        names = (out / "Annotations" / "classes.txt").read_text().split()
        (out / "labelmap.txt").write_text("".join(f"{name}:::\n" for name in ["background", *names]))


def supervision(direction, format, folder, data):
    import numpy as np
    import supervision as sv

    out, images = folder / "out", str(folder / "out" / "images")
    voc, table = str(out / "Annotations"), str(out / "annotations.json")
    places = {
        "voc": ("pascal_voc", {"annotations_directory_path": voc}),
        "labelme": ("labelme", {"annotations_directory_path": voc}),
        "coco": ("coco", {"annotations_path": table}),
        "createml": ("createml", {"annotations_path": str(out / "images" / "annotations.json")}),
        "yolo": (
            "yolo",
            {"annotations_directory_path": str(out / "labels"), "data_yaml_path": str(out / "data.yaml")},
        ),
    }
    name, arguments = places[format]
    if direction == "write":
        out.mkdir(exist_ok=True)
        paths = [str(folder / "out" / "images" / each["name"]) for each in data["pictures"]]
        rows = [np.reshape(np.array(each["boxes"], float), (-1, 5)) for each in data["pictures"]]
        found = [
            sv.Detections(xyxy=row[:, 1:].astype("float32"), class_id=row[:, 0].astype(int)) for row in rows
        ]
        dataset = sv.DetectionDataset(data["classes"], paths, dict(zip(paths, found, strict=True)))
        getattr(dataset, f"as_{name}")(**arguments)
        return None
    dataset = getattr(sv.DetectionDataset, f"from_{name}")(images_directory_path=images, **arguments)
    return dataset.classes, {
        Path(path).stem: [
            [dataset.classes[label], *map(float, xyxy)]
            for xyxy, label in zip(found.xyxy, found.class_id, strict=True)
        ]
        for path, _, found in dataset
    }


def globox(direction, format, folder, data):
    from globox import Annotation, AnnotationSet, BoundingBox

    out = folder / "out"
    if direction == "write":
        out.mkdir(exist_ok=True)
        annotations = AnnotationSet(
            Annotation(
                each["name"],
                (each["width"], each["height"]),
                [
                    BoundingBox(label=data["classes"][label], xmin=x1, ymin=y1, xmax=x2, ymax=y2)
                    for label, x1, y1, x2, y2 in each["boxes"]
                ],
            )
            for each in data["pictures"]
        )
        numbers = {name: number for number, name in enumerate(data["classes"])}
        if format == "yolo":
            annotations.save_yolo_v5(out / "labels", label_to_id=numbers)
            (out / "classes.txt").write_text("\n".join(data["classes"]))
        elif format == "coco":
            annotations.save_coco(out / "annotations.json", auto_ids=True)
        elif format == "cvat":
            annotations.save_cvat(out / "annotations.xml")
        elif format == "open_images":
            annotations.save_openimage(out / "boxes.csv")
        elif format == "via":
            annotations.save_via_json(
                out / "via.json", image_folder=folder / "out" / "images", label_key="class"
            )
        else:
            getattr(annotations, {"voc": "save_pascal_voc", "labelme": "save_labelme"}[format])(out)
        return None
    if format == "yolo":
        annotations = AnnotationSet.from_yolo_v5(out / "labels", image_folder=folder / "out" / "images")
        names = (out / "classes.txt").read_text().split("\n")
        called = {str(number): name for number, name in enumerate(names)}
    else:
        called = {}
        if format == "coco":
            annotations = AnnotationSet.from_coco(out / "annotations.json")
        elif format == "cvat":
            annotations = AnnotationSet.from_cvat(out / "annotations.xml")
        elif format == "via":
            annotations = AnnotationSet.from_via_json(out / "annotations.json", label_key="class")
        else:
            annotations = getattr(
                AnnotationSet, {"voc": "from_pascal_voc", "labelme": "from_labelme"}[format]
            )(out / "Annotations")
    return [], {
        Path(each.image_id).stem: [
            [called.get(str(box.label), box.label), *map(float, (box.xmin, box.ymin, box.xmax, box.ymax))]
            for box in each.boxes
        ]
        for each in annotations
    }


def labelformat(direction, format, folder, data):
    from labelformat import formats
    from labelformat.model.bounding_box import BoundingBox
    from labelformat.model.category import Category
    from labelformat.model.image import Image
    from labelformat.model.object_detection import (
        ImageObjectDetection,
        ObjectDetectionInput,
        SingleObjectDetection,
    )

    out = folder / "out"
    kind = {
        "coco": "COCO",
        "voc": "PascalVOC",
        "yolo": "YOLOv8",
        "kitti": "Kitti",
        "cvat": "CVAT",
    }[format]
    reader = getattr(formats, f"{kind}ObjectDetectionInput")
    writer = getattr(formats, f"{kind}ObjectDetectionOutput")

    class Given(ObjectDetectionInput):
        @staticmethod
        def add_cli_arguments(parser):
            pass

        def get_categories(self):
            return [Category(number, name) for number, name in enumerate(data["classes"])]

        def get_images(self):
            return [
                Image(number, each["name"], each["width"], each["height"])
                for number, each in enumerate(data["pictures"])
            ]

        def get_labels(self):
            categories = self.get_categories()
            for image, each in zip(self.get_images(), data["pictures"], strict=True):
                objects = [
                    SingleObjectDetection(categories[label], BoundingBox(*edges))
                    for label, *edges in each["boxes"]
                ]
                yield ImageObjectDetection(image, objects)

    if direction == "write":
        out.mkdir(exist_ok=True)
        places = {
            "coco": {"output_file": out / "annotations.json"},
            "yolo": {"output_file": out / "data.yaml", "output_split": "train"},
            "cvat": {"output_folder": out},
        }
        writer(**places.get(format, {"output_folder": out})).save(Given())
        return None
    places = {
        "coco": lambda: {"input_file": out / "annotations.json"},
        "cvat": lambda: {"input_file": out / "annotations.xml"},
        "yolo": lambda: {"input_file": out / "data.yaml", "input_split": "train"},
        "voc": lambda: {"input_folder": out / "Annotations", "category_names": ",".join(data["classes"])},
    }
    given = reader(**places[format]())
    return [each.name for each in given.get_categories()], {
        Path(each.image.filename).stem: [
            [one.category.name, one.box.xmin, one.box.ymin, one.box.xmax, one.box.ymax]
            for one in each.objects
        ]
        for each in given.get_labels()
    }


def pylabel(direction, format, folder, data):
    """It has no writer for what is not imported, so `write` converts our COCO file, FOLDER/given.json."""
    from pylabel import importer

    out, images = folder / "out", str(folder / "out" / "images")
    if direction == "write":
        (out / "labels").mkdir()
        dataset = importer.ImportCoco(str(folder / "given.json"), path_to_images=images, name="set")
        if format == "voc":
            dataset.export.ExportToVoc(output_path=str(out / "labels"))
        elif format == "yolo":
            dataset.export.ExportToYoloV5(
                output_path=str(out / "labels"), yaml_file="data.yaml", cat_id_index=0
            )
        else:
            dataset.export.ExportToCoco(output_path=str(out / "annotations.json"))
        return None
    if format == "coco":
        dataset = importer.ImportCoco(str(out / "annotations.json"), path_to_images=images)
    elif format == "voc":
        dataset = importer.ImportVOC(str(out / "Annotations"), path_to_images=images)
    else:
        dataset = importer.ImportYoloV5(str(out / "labels"), cat_names=data["classes"], path_to_images=images)
    pictures = {}
    for _, row in dataset.df.iterrows():
        boxes = pictures.setdefault(Path(row.img_filename).stem, [])
        if str(row.cat_name) not in ("", "nan"):
            edges = (row.ann_bbox_xmin, row.ann_bbox_ymin, row.ann_bbox_xmax, row.ann_bbox_ymax)
            boxes.append([row.cat_name, *map(float, edges)])
    return [], pictures


def opened_as_labelimg_does(path):
    from PyQt5.QtGui import QImageReader

    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    return reader.read()


def labelimg(direction, format, folder, data):
    from libs.create_ml_io import CreateMLReader, CreateMLWriter
    from libs.pascal_voc_io import PascalVocReader, PascalVocWriter
    from libs.yolo_io import YoloReader, YOLOWriter

    out = folder / "out"
    if direction == "write":
        out.mkdir(exist_ok=True)
        for each in data["pictures"]:
            size = [each["height"], each["width"], 3]
            path = str(folder / "out" / "images" / each["name"])
            if format == "createml":
                shapes = [
                    {"label": data["classes"][label], "points": [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]}
                    for label, x1, y1, x2, y2 in each["boxes"]
                ]
                CreateMLWriter("images", each["name"], size, shapes, str(out / "a.json")).write()
                continue
            kind, ending = (PascalVocWriter, ".xml") if format == "voc" else (YOLOWriter, ".txt")
            writer = kind("images", Path(each["name"]).stem, size, local_img_path=path)
            for label, *edges in each["boxes"]:
                writer.add_bnd_box(*edges, data["classes"][label], 0)
            target = str(out / Path(each["name"]).with_suffix(ending).name)
            if format == "voc":
                writer.save(target)
            else:
                writer.save(list(data["classes"]), target)
        return None
    pictures = {}
    for path in sorted((folder / "out" / "images").glob("*.jpg")):
        if format == "voc":
            shapes = PascalVocReader(str(out / "Annotations" / f"{path.stem}.xml")).get_shapes()
        elif format == "yolo":
            shapes = YoloReader(
                str(out / "labels" / f"{path.stem}.txt"),
                opened_as_labelimg_does(path),
                str(out / "classes.txt"),
            ).get_shapes()
        else:
            shapes = CreateMLReader(str(out / "images" / "annotations.json"), str(path)).get_shapes()
        pictures[path.stem] = [[label, *map(float, (*points[0], *points[2]))] for label, points, *_ in shapes]
    return [], pictures


def labelme(direction, format, folder, data):
    from labelme import _label_file as files

    out = folder / "out"
    if direction == "write":
        out.mkdir(exist_ok=True)
        for each in data["pictures"]:
            shapes = [
                {
                    "label": data["classes"][label],
                    "points": [[x2, y1], [x1, y2]],  # the corners in another order
                    "shape_type": "rectangle",
                    "flags": {},
                    "description": "",
                    "group_id": None,
                }
                for label, x1, y1, x2, y2 in each["boxes"]
            ]
            image = folder / "out" / "images" / each["name"]
            files.write_label_file(
                filename=str(out / f"{image.stem}.json"),
                shapes=shapes,
                image_path=f"images/{image.name}",
                image_height=each["height"],
                image_width=each["width"],
                image_data=files.read_image_file(str(image)),
                other_data={},
                flags={},
            )
        return None
    pictures = {}
    for path in sorted((out / "Annotations").glob("*.json")):
        found = files.read_label_file(str(path))
        pictures[path.stem] = [
            [each["label"], *map(float, (*each["points"][0], *each["points"][1]))] for each in found.shapes
        ]
    return [], pictures


def label_studio(direction, format, folder, data):
    """It writes what it imports of our files as its own JSON ("from_coco"), and converts that ("coco")."""
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.converter.imports import coco, yolo

    out, tasks = folder / "out", str(folder / "out" / "tasks.json")
    root = "/data/local-files/?d=images"
    if format == "from_yolo":
        yolo.convert_yolo_to_ls(str(folder / "given"), tasks, image_root_url=root)
        return
    coco.convert_coco_to_ls(str(folder / "given.json"), tasks, image_root_url=root)
    if format == "from_coco":
        return
    numbered = [{"id": number, **task} for number, task in enumerate(json.loads(Path(tasks).read_text()), 1)]
    for task in numbered:  # as the server does when they are imported
        task["annotations"] = [{"id": task["id"], **each} for each in task["annotations"]]
    Path(tasks).write_text(json.dumps(numbered))
    config = out / "tasks.label_config.xml"
    made = folder / "made"
    Converter(config.read_text(), str(folder), download_resources=False).convert(
        tasks, str(made), format.upper(), is_dir=False
    )
    Path(tasks).unlink()
    config.unlink()
    shutil.copytree(made, out, dirs_exist_ok=True)


TOOLS = {
    name: globals()[name]
    for name in (
        "datumaro",
        "supervision",
        "globox",
        "labelformat",
        "pylabel",
        "labelimg",
        "labelme",
        "label_studio",
    )
}


def main(direction, tool, format, folder, path):
    folder, path = Path(folder), Path(path)
    data = json.loads(path.read_text("utf-8"))
    answer = TOOLS[tool](direction, format, folder, data)
    if direction == "read":
        classes, pictures = answer
        path.write_text(json.dumps({"classes": list(classes), "pictures": pictures}), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
