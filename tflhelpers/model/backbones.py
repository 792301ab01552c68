"""ResNet v1 and MobileNetV2 as the original's detectors use them, in the layout of `keras.applications`.

Three things differ from `keras.applications`, and each of them moves the outputs: batch norm epsilon 0.001, relu6 in
the ResNet too, and SAME padding of its first pooling.
"""

from __future__ import annotations

from keras import layers

from tflhelpers.model.layers import (
    CHANNELS,
    batch_norm,
    conv,
    depthwise_conv,
    normal,
    relu6,
    truncated_normal,
)

BACKBONE_KEY = "model/_feature_extractor/classification_backbone/layer_with_weights-"
RESNET_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

# expansion, channels, repeats, first stride (table 2 of the MobileNetV2 paper, after its first bottleneck)
MOBILENET_V2_STAGES = (
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class _Keys:
    """Hands out `layer_with_weights-N` in the order of calling."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> str:
        self._next += 1
        return f"{BACKBONE_KEY}{self._next - 1}"


def resnet(x, *, depth: int = 50) -> dict[int, object]:
    """ResNet v1 (the stride is in the 1x1 convolution) of `depth` 50, 101 or 152.

    Args:
        x: (B, H, W, 3) with the ImageNet means subtracted, RGB.
        depth: 50, 101 or 152.

    Returns:
        {2: C2 (stride 4, 256 channels), 3: C3 (8, 512), 4: C4 (16, 1024), 5: C5 (32, 2048)}.
    """
    key = _Keys()
    init = truncated_normal(0.03)
    x = layers.ZeroPadding2D(3, data_format=CHANNELS, name="conv1_pad")(x)
    x = conv(64, 7, key(), strides=2, padding="valid", init=init, name="conv1_conv")(x)
    x = relu6(name="conv1_relu")(batch_norm(key(), name="conv1_bn")(x))
    x = layers.MaxPooling2D(3, 2, "same", data_format=CHANNELS, name="pool1_pool")(x)
    features = {}
    for stage, (blocks, width) in enumerate(
        zip(RESNET_BLOCKS[depth], (64, 128, 256, 512), strict=True), start=2
    ):
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage > 2 else 1
            name = f"conv{stage}_block{block}"
            x = _bottleneck(x, width, stride, key, init, shortcut=block == 1, name=name)
        features[stage] = x
    return features


def _bottleneck(x, width, stride, key, init, *, shortcut, name):
    y = conv(width, 1, key(), strides=stride, init=init, name=f"{name}_1_conv")(x)
    y = relu6(name=f"{name}_1_relu")(batch_norm(key(), name=f"{name}_1_bn")(y))
    y = conv(width, 3, key(), init=init, name=f"{name}_2_conv")(y)
    y = relu6(name=f"{name}_2_relu")(batch_norm(key(), name=f"{name}_2_bn")(y))
    if shortcut:  # the checkpoint counts 0_conv, 3_conv, 0_bn, 3_bn
        x = conv(4 * width, 1, key(), strides=stride, init=init, name=f"{name}_0_conv")(x)
        y = conv(4 * width, 1, key(), init=init, name=f"{name}_3_conv")(y)
        x = batch_norm(key(), name=f"{name}_0_bn")(x)
    else:
        y = conv(4 * width, 1, key(), init=init, name=f"{name}_3_conv")(y)
    y = batch_norm(key(), name=f"{name}_3_bn")(y)
    return relu6(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))


def mobilenet_v2(x, *, alpha: float = 1.0) -> dict[int, object]:
    """MobileNetV2 with width multiplier `alpha`, up to its last 1x1 convolution.

    Args:
        x: (B, H, W, 3) in -1..1, RGB.
        alpha: multiplies the channels of every layer, the last one included (as the original does; Keras does not).

    Returns:
        {2: (stride 4, 24 channels), 3: (8, 32), 4: (16, 96), 5: (32, 1280)} for alpha 1.
    """
    key = _Keys()
    x = conv(_width(32, alpha), 3, key(), strides=2, init=normal(0.01), name="Conv1")(x)
    x = relu6(name="Conv1_relu")(batch_norm(key(), name="bn_Conv1")(x))
    x = _inverted_residual(x, 1, _width(16, alpha), 1, key, name="expanded_conv")
    outputs, index = [], 0
    for expansion, channels, repeats, first_stride in MOBILENET_V2_STAGES:
        for repeat in range(repeats):
            index += 1
            stride = first_stride if repeat == 0 else 1
            x = _inverted_residual(x, expansion, _width(channels, alpha), stride, key, name=f"block_{index}")
        outputs.append(x)
    x = conv(_width(1280, min(alpha, 1.0)), 1, key(), init=normal(0.01), name="Conv_1")(x)
    x = relu6(name="out_relu")(batch_norm(key(), name="Conv_1_bn")(x))
    return {2: outputs[0], 3: outputs[1], 4: outputs[3], 5: x}


def _inverted_residual(x, expansion, channels, stride, key, *, name):
    channels_in = x.shape[-1]
    y, init = x, normal(0.01)
    if expansion > 1:
        y = conv(expansion * channels_in, 1, key(), init=init, name=f"{name}_expand")(y)
        y = relu6(name=f"{name}_expand_relu")(batch_norm(key(), name=f"{name}_expand_BN")(y))
    y = depthwise_conv(3, key(), strides=stride, init=init, name=f"{name}_depthwise")(y)
    y = relu6(name=f"{name}_depthwise_relu")(batch_norm(key(), name=f"{name}_depthwise_BN")(y))
    y = conv(channels, 1, key(), init=init, name=f"{name}_project")(y)
    y = batch_norm(key(), name=f"{name}_project_BN")(y)
    if stride == 1 and channels == channels_in:
        y = layers.Add(name=f"{name}_add")([x, y])
    return y


def _width(channels: int, alpha: float, divisor: int = 8) -> int:
    """`channels * alpha` to the nearest multiple of 8, at least 8, never more than a tenth below (MobileNet papers)."""
    rounded = max(divisor, int(channels * alpha + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels * alpha else rounded
