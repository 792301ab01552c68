"""The classes of the model zoo's detectors: COCO's category ids 1 to 90, as labels 0 to 89."""

from __future__ import annotations

_NAMES = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, , stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, , backpack, umbrella, ,
, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
surfboard, tennis racket, bottle, , wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, , dining table, , , toilet, ,
tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, , book, clock,
vase, scissors, teddy bear, hair drier, toothbrush
"""


def _named() -> tuple[str, ...]:
    names = [name.strip() for name in _NAMES.replace("\n", " ").split(",")]
    return tuple(name or f"unused id {i}" for i, name in enumerate(names, start=1))


COCO_CLASS_NAMES = (
    _named()
)  # COCO left ten ids without a class; the detectors have a slot for them all the same
