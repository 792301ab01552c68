"""The text of a `pipeline.config`, with what differs from detector to detector left open.

The values are those of the model zoo's own files for SSD FPN (tensorflow/models,
research/object_detection/configs/tf2). Names of messages: object_detection/protos/*.proto.
"""

from __future__ import annotations

from typing import Any

MOBILENET, RESNET = "ssd_mobilenet_v2_fpnlite", "ssd_resnet_fpn"
EXTRACTORS = {  # the API's name -> family and ResNet's depth
    "ssd_mobilenet_v2_fpn_keras": (MOBILENET, None),
    "ssd_resnet50_v1_fpn_keras": (RESNET, 50),
    "ssd_resnet101_v1_fpn_keras": (RESNET, 101),
    "ssd_resnet152_v1_fpn_keras": (RESNET, 152),
}
DEFAULTS: dict[str, dict[str, Any]] = {  # of our builders, and of the zoo
    MOBILENET: {"alpha": 1.0, "fpn_depth": 128, "tower_layers": 4},
    RESNET: {"depth": 50, "fpn_depth": 256},
}
ZOO_MIN_DEPTH, MIN_DEPTH = 16, 8  # fewest channels of a layer: the zoo's, and ours where alpha is below 1

_INITIALIZERS = {
    "normal": "random_normal_initializer { mean: 0.0 stddev: 0.01 }",
    "truncated": "truncated_normal_initializer { mean: 0.0 stddev: 0.03 }",
}


def convolutions(decay: float, initializer: str) -> str:
    """The `conv_hyperparams` of a part: weight decay, and "normal" or "truncated" for new weights."""
    return (
        "conv_hyperparams {\n"
        "        activation: RELU_6\n"
        f"        regularizer {{ l2_regularizer {{ weight: {decay:f} }} }}\n"
        f"        initializer {{ {_INITIALIZERS[initializer]} }}\n"
        "        batch_norm { decay: 0.997 scale: true epsilon: 0.001 }\n"
        "      }"
    )


TEMPLATE = """\
# Written by tflhelpers for the TensorFlow Object Detection API (TF2).
model {{
  ssd {{
    num_classes: {num_classes}
    image_resizer {{ fixed_shape_resizer {{ height: {height} width: {width} }} }}
    feature_extractor {{
      type: "{extractor}"
      depth_multiplier: {alpha}
      min_depth: {min_depth}
      {extractor_convolutions}
      {depthwise}
      override_base_feature_extractor_hyperparams: true
      fpn {{ min_level: 3 max_level: 7 additional_layer_depth: {pyramid_depth} }}
    }}
    box_predictor {{ weight_shared_convolutional_box_predictor {{
      {predictor_convolutions}
      depth: {fpn_depth}
      num_layers_before_predictor: {tower_layers}
      kernel_size: 3
      class_prediction_bias_init: -4.6
      {share_tower}
      {depthwise}
    }} }}
    anchor_generator {{ multiscale_anchor_generator {{
      min_level: 3 max_level: 7 anchor_scale: 4.0 scales_per_octave: 2 aspect_ratios: [1.0, 2.0, 0.5]
    }} }}
    box_coder {{ faster_rcnn_box_coder {{ y_scale: 10.0 x_scale: 10.0 height_scale: 5.0 width_scale: 5.0 }} }}
    similarity_calculator {{ iou_similarity {{ }} }}
    matcher {{ argmax_matcher {{
      matched_threshold: 0.5 unmatched_threshold: 0.5 ignore_thresholds: false
      negatives_lower_than_unmatched: true force_match_for_each_row: true use_matmul_gather: true
    }} }}
    loss {{
      classification_loss {{ weighted_sigmoid_focal {{ gamma: 2.0 alpha: 0.25 }} }}
      localization_loss {{ weighted_smooth_l1 {{ }} }}
      classification_weight: 1.0
      localization_weight: 1.0
    }}
    post_processing {{
      score_converter: SIGMOID
      batch_non_max_suppression {{
        score_threshold: 1e-8 iou_threshold: 0.6 max_detections_per_class: 100 max_total_detections: 100
      }}
    }}
    encode_background_as_zeros: true
    normalize_loss_by_num_matches: true
    normalize_loc_loss_by_codesize: true
    inplace_batchnorm_update: true
    freeze_batchnorm: true
  }}
}}
train_config {{
  batch_size: {batch_size}
  num_steps: {steps}
  data_augmentation_options {{ random_horizontal_flip {{ }} }}
  data_augmentation_options {{ random_crop_image {{
    min_object_covered: 0.0 min_aspect_ratio: 0.75 max_aspect_ratio: 3.0 min_area: 0.75 max_area: 1.0
    overlap_thresh: 0.0
  }} }}
  optimizer {{
    momentum_optimizer {{
      learning_rate {{ cosine_decay_learning_rate {{
        learning_rate_base: {rate:.8g} total_steps: {steps}
        warmup_learning_rate: {warmup_rate:.8g} warmup_steps: {warmup}
      }} }}
      momentum_optimizer_value: 0.9
    }}
    use_moving_average: false
  }}
{fine_tune}  startup_delay_steps: 0
  replicas_to_aggregate: 1
  max_number_of_boxes: 100
  unpad_groundtruth_tensors: false
}}
train_input_reader {{
  label_map_path: {label_map}
  tf_record_input_reader {{ {train_records} }}
}}
eval_config {{ metrics_set: "coco_detection_metrics" use_moving_averages: false batch_size: 1 }}
eval_input_reader {{
  label_map_path: {label_map}
  shuffle: false
  num_epochs: 1
  tf_record_input_reader {{ {eval_records} }}
}}
"""
