"""How detectors work, in figures: each is drawn from what the package itself computes.

    from tflhelpers import explaining

    explaining.draw_iou([0, 0, 100, 80], [50, 40, 150, 120])
    explaining.plot_nms_steps(picture, explaining.candidates(detector, picture), detector.class_names)

Functions named `draw_…` and `plot_…` return a matplotlib figure, `show_…` an RGB picture; the others return the
numbers that the figures show:

- `box_formats`: one box, written in four ways
- `overlap`: IoU by hand
- `anchor_boxes`: the boxes that a detector starts from
- `feature_maps`: what the levels of its pyramid see
- `anchor_matching`: which anchors answer for which box
- `class_losses`: focal loss against cross-entropy
- `augmented_views`: one photo, many views
- `transfer`: heads alone, everything, and everything from nothing, measured
- `suppression`: from many boxes to one, step by step
- `average_precision`: precision, recall, AP and mAP, box by box
"""

from __future__ import annotations

from tflhelpers.explaining.anchor_boxes import LevelAnchors, anchor_table, cell_anchors, draw_anchors
from tflhelpers.explaining.anchor_matching import MatchedAnchors, matched_anchors, plot_matching
from tflhelpers.explaining.augmented_views import augmented_views, show_augmentations
from tflhelpers.explaining.average_precision import (
    RankedBox,
    average_precision,
    average_precisions,
    best_from_here,
    plot_average_precisions,
    plot_precision_recall_steps,
    precision_recall_steps,
)
from tflhelpers.explaining.box_formats import box_formats, draw_box_formats
from tflhelpers.explaining.class_losses import background_share, loss_of, plot_losses
from tflhelpers.explaining.feature_maps import plot_pyramid, pyramid_maps, strength
from tflhelpers.explaining.overlap import Overlap, draw_iou, overlap_by_hand
from tflhelpers.explaining.suppression import NmsStep, candidates, nms_steps, plot_nms_steps
from tflhelpers.explaining.transfer import Trained, measure_transfer, plot_transfer

__all__ = [
    "LevelAnchors",
    "MatchedAnchors",
    "NmsStep",
    "Overlap",
    "RankedBox",
    "Trained",
    "anchor_table",
    "augmented_views",
    "average_precision",
    "average_precisions",
    "background_share",
    "best_from_here",
    "box_formats",
    "candidates",
    "cell_anchors",
    "draw_anchors",
    "draw_box_formats",
    "draw_iou",
    "loss_of",
    "matched_anchors",
    "measure_transfer",
    "nms_steps",
    "overlap_by_hand",
    "plot_average_precisions",
    "plot_losses",
    "plot_matching",
    "plot_nms_steps",
    "plot_precision_recall_steps",
    "plot_pyramid",
    "plot_transfer",
    "precision_recall_steps",
    "pyramid_maps",
    "show_augmentations",
    "strength",
]
