"""The detectors: anchors, backbones, feature pyramid, heads, the two SSD families, checkpoints and `Detector`."""
