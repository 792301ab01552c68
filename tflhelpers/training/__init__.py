"""Training: batches, augmentation, matching, losses and `fine_tune`."""
