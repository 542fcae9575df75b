"""curator sends the same requests to the same server: seconds, requests and answers, as JSON.

Python 3.11, in an environment of its own:

    python3.11 -m venv curator && curator/bin/pip install bespokelabs-curator==0.1.31
    curator/bin/python benchmarks/generation/curator_peer.py REQUESTS.jsonl http://127.0.0.1:8000/v1 64

A line of the file is `{"messages": [...]}`. Timed is its request phase alone (`requests_to_responses`: reading its
request file, asking, writing its response file); imports, set-up and building its data set are left out. Its OpenAI
backend wants a tokenizer file from the network, for its estimate of tokens. It gets a local one that takes every byte
for a token, and limits on requests and tokens that never bind. Set-up sends one request of its own, without messages.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

# Read on import: no telemetry, no stored answers, no price list from the network.
os.environ |= {"TELEMETRY_ENABLED": "false", "CURATOR_DISABLE_CACHE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}

import tiktoken
from bespokelabs import curator

UNLIMITED = 10**12


class Chat(curator.LLM):  # type: ignore[misc]
    """A conversation in, the answer out."""

    def prompt(self, row: dict) -> list:
        return row["messages"]

    def parse(self, row: dict, response: str) -> dict:
        return {"answer": response}


def bytewise(name: str) -> tiktoken.Encoding:
    ranks = {bytes([byte]): byte for byte in range(256)}
    return tiktoken.Encoding(name, pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", type=Path)
    parser.add_argument("url")
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--model", default="test-model")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.requests.read_text().splitlines()]
    tiktoken.get_encoding = bytewise
    limits = {
        "max_concurrent_requests": options.concurrency,
        "max_requests_per_minute": 10**6,
        "max_tokens_per_minute": UNLIMITED,
    }
    with tempfile.TemporaryDirectory() as folder:
        chat = Chat(
            model_name=options.model,
            backend="openai",
            backend_params={"base_url": options.url, "api_key": "none"} | limits,
        )
        processor = chat._request_processor
        ask = processor.requests_to_responses
        seconds = 0.0

        def timed(*arguments: object, **named: object) -> None:
            nonlocal seconds
            begin = time.perf_counter()
            ask(*arguments, **named)
            seconds += time.perf_counter() - begin

        processor.requests_to_responses = timed
        answers = chat(rows, working_dir=folder).dataset
        answered = sum(answer is not None for answer in answers["answer"])
    print(json.dumps({"seconds": seconds, "requests": len(rows), "answered": answered}))


if __name__ == "__main__":
    main()
