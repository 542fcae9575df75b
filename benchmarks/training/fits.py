"""What do many small fits cost beside their training?

    python benchmarks/training/fits.py [--fits N] [--steps N]

A study of small MiniLM fits on the rows of `python_docs` (`data/prepared/`), in an empty store: the seconds of the
whole stage (start, tokenising, training, evaluation, saving, writing) against the seconds that the fits trained and
labelled their test rows, shared out over the devices. Writes benchmarks/results/training-fits.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console

from pyrite.base import files, paths
from pyrite.commands import doctor
from pyrite.training import encoder, parallel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=int, default=30)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    params = yaml.safe_load(paths.PARAMS.read_text(encoding="utf-8"))
    minilm = params["train"]["classifiers"]["minilm"]
    del minilm["seeds"]
    minilm |= {"mixes": [params["compare"]["baseline"], params["compare"]["candidates"][0]], "steps": options.steps}
    params["train"] |= {"seeds": list(range(options.fits // 2)), "classifiers": {"minilm": minilm}}
    params["train"] |= {"checkpoints": "first_seed", "folds": "none"}
    params["compare"] |= {"classifier": "minilm", "candidates": params["compare"]["candidates"][0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = [paths.prepared("python_docs")]
        for setting in params["sources"]:
            inputs += [paths.source("python_docs", setting), paths.transcript("python_docs", setting)]
        for path in inputs:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path)
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        command = [sys.executable, "-m", "pyrite.cli", "train", "python_docs", "minilm"]
        environment = {key: value for key, value in os.environ.items() if key != "DVC_ROOT"}
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, stderr=subprocess.DEVNULL)
        whole = time.perf_counter() - started
        speeds = [json.loads(path.read_text()) for path in (folder / ".pyrite/fits").glob("*/*/speed.json")]
    devices = min(parallel.devices(), len(speeds))
    trained = sum(speed["seconds"] + speed["evaluation_seconds"] for speed in speeds) / devices
    result = {"fits": len(speeds), "steps": options.steps, "devices": devices, "device": speeds[0]["device"]}
    result |= {"cpu": doctor.cpu(), "precision": encoder.best_precision()}
    result |= {"seconds": round(whole, 1), "trained": round(trained, 1), "ratio": round(whole / trained, 3)}
    files.write_json(Path(__file__).parents[1] / "results/training-fits.json", result)
    Console().print(
        f"{len(speeds)} fits of {options.steps} steps on {devices} devices ({speeds[0]['device']}): {whole:.1f} s in "
        f"all, {trained:.1f} s of training on each device: {whole / trained:.2f} times"
    )


if __name__ == "__main__":
    main()
