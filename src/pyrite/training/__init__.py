"""Training: the methods, pretrained encoders, the training loop, batches, fits."""
