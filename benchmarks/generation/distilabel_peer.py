"""distilabel sends the same requests to the same server: seconds, requests and answers, as JSON.

Python 3.11, in an environment of its own (it pins what Pyrite does not):

    python3.11 -m venv distilabel && distilabel/bin/pip install 'distilabel[openai]==1.5.3' requests
    distilabel/bin/python benchmarks/generation/distilabel_peer.py REQUESTS.jsonl http://127.0.0.1:8000/v1 64

A line of the file is `{"messages": [...]}`. Timed is its chat task alone, loaded beforehand, on batches of as many
requests as may run at once, which is how its pipeline feeds a task; starting the pipeline's processes is left out.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.steps.tasks import ChatGeneration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", type=Path)
    parser.add_argument("url")
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--model", default="test-model")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.requests.read_text().splitlines()]
    task = ChatGeneration(
        llm=OpenAILLM(model=options.model, base_url=options.url, api_key="none"), input_batch_size=options.concurrency
    )
    task.load()
    answered = 0
    begin = time.perf_counter()
    for first in range(0, len(rows), options.concurrency):
        for batch in task.process(rows[first : first + options.concurrency]):
            answered += sum(row["generation"] is not None for row in batch)
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "requests": len(rows), "answered": answered}))


if __name__ == "__main__":
    main()
