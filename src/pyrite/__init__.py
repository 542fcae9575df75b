"""Pyrite: how much LLM-generated training data is worth for a text classifier, compared with real labels."""

__version__ = "0.1.0"
