"""The feature pyramid, levels 3 to 7: FPN (3x3 convolutions) and FPNLite (separable ones)."""

from __future__ import annotations

from keras import layers

from tflhelpers.model.layers import (
    CHANNELS,
    batch_norm,
    conv,
    normal,
    relu6,
    separable_conv,
    truncated_normal,
)

FPN_KEY = "model/_feature_extractor/_fpn_features_generator"
COARSE_KEY = "model/_feature_extractor/_coarse_feature_layers"


def feature_pyramid(c3, c4, c5, *, depth: int, separable: bool) -> list:
    """Five maps of `depth` channels, strides 8 to 128, from three backbone maps of strides 8, 16 and 32.

    P5 is the bare lateral, without batch norm or activation: the only level with negative values. P4 and P3 are
    smoothed after adding, and the top-down path goes on from the smoothed map. P6 and P7 come from P5 by stride.

    Returns:
        [P3, P4, P5, P6, P7].
    """
    init = normal(0.01) if separable else truncated_normal(0.03)

    def lateral(x, key, name):
        return conv(depth, 1, f"{FPN_KEY}/{key}", bias=True, init=init, name=name)(x)

    def conv_bn_relu(x, key, name, strides=1):
        if separable:
            convolution = separable_conv(
                depth, 3, f"{key}/0", strides=strides, depthwise_init=init, name=f"{name}_conv"
            )
        else:
            convolution = conv(depth, 3, f"{key}/0", strides=strides, init=init, name=f"{name}_conv")
        return relu6(name=f"{name}_relu")(batch_norm(f"{key}/1", name=f"{name}_bn")(convolution(x)))

    def top_down(coarse, fine, index, level):
        fine = lateral(fine, f"residual_blocks/{index}/0", f"fpn_lateral{level}")
        up = upsample_to(coarse, fine, name=f"fpn_up{level}")
        added = layers.Add(name=f"fpn_add{level}")([up, fine])
        return conv_bn_relu(added, f"{FPN_KEY}/conv_layers/{index}", f"fpn_smooth{level}")

    p5 = lateral(c5, "top_layers/0", "fpn_lateral5")
    p4 = top_down(p5, c4, 0, 4)
    p3 = top_down(p4, c3, 1, 3)
    p6 = conv_bn_relu(p5, f"{COARSE_KEY}/0", "fpn_coarse6", strides=2)
    p7 = conv_bn_relu(p6, f"{COARSE_KEY}/1", "fpn_coarse7", strides=2)
    return [p3, p4, p5, p6, p7]


def upsample_to(coarse, fine, *, name: str):
    """`coarse` with each pixel repeated 2x2, cut to the size of `fine` (odd where 32 does not divide the input)."""
    up = layers.UpSampling2D(2, data_format=CHANNELS, interpolation="nearest", name=name)(coarse)
    rows, columns = up.shape[1] - fine.shape[1], up.shape[2] - fine.shape[2]
    if rows or columns:
        up = layers.Cropping2D(((0, rows), (0, columns)), data_format=CHANNELS, name=f"{name}_crop")(up)
    return up
