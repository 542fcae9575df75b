"""Asking an LLM: prompts, conversations, the client, the cache of answers, reading what came back."""
