"""Classifiers: pretrained encoders, the training loop, batches, fits."""
