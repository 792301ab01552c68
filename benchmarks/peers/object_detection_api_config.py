"""Configs of the two model zoo detectors, with one class, as the Object Detection API reads them.

The API's package comes without config files; these hold the values of the zoo's own.
"""

from __future__ import annotations

_CONVOLUTIONS = """
    conv_hyperparams {{
      activation: RELU_6
      regularizer {{ l2_regularizer {{ weight: {decay} }} }}
      initializer {{ {initializer} }}
      batch_norm {{ decay: 0.997 scale: true epsilon: 0.001 }}
    }}
"""

_MODEL = """
model {{ ssd {{
  num_classes: 1
  image_resizer {{ fixed_shape_resizer {{ height: {side} width: {side} }} }}
  feature_extractor {{
    type: "{extractor}"
    depth_multiplier: 1.0
    min_depth: 16
    override_base_feature_extractor_hyperparams: true
    {extractor_convolutions}
    {extractor_extras}
  }}
  box_predictor {{ weight_shared_convolutional_box_predictor {{
    num_layers_before_predictor: 4
    kernel_size: 3
    class_prediction_bias_init: -4.6
    {predictor_convolutions}
    {predictor_extras}
  }} }}
  anchor_generator {{ multiscale_anchor_generator {{
    min_level: 3 max_level: 7 anchor_scale: 4.0 scales_per_octave: 2
    aspect_ratios: [1.0, 2.0, 0.5]
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
}} }}
"""

_NORMAL = "random_normal_initializer { mean: 0.0 stddev: 0.01 }"
_TRUNCATED = "truncated_normal_initializer { mean: 0.0 stddev: 0.03 }"

NETWORK_CONFIGS = {
    "resnet50_640": _MODEL.format(
        side=640,
        extractor="ssd_resnet50_v1_fpn_keras",
        extractor_convolutions=_CONVOLUTIONS.format(decay=0.0004, initializer=_TRUNCATED),
        extractor_extras="fpn { min_level: 3 max_level: 7 }",
        predictor_convolutions=_CONVOLUTIONS.format(decay=0.0004, initializer=_NORMAL),
        predictor_extras="depth: 256",
    ),
    "mobilenet_320": _MODEL.format(
        side=320,
        extractor="ssd_mobilenet_v2_fpn_keras",
        extractor_convolutions=_CONVOLUTIONS.format(decay=0.00004, initializer=_NORMAL),
        extractor_extras="use_depthwise: true fpn { min_level: 3 max_level: 7 additional_layer_depth: 128 }",
        predictor_convolutions=_CONVOLUTIONS.format(decay=0.00004, initializer=_NORMAL),
        predictor_extras="depth: 128 share_prediction_tower: true use_depthwise: true",
    ),
}
