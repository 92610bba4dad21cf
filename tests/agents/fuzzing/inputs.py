"""Wrong inputs of all kinds, the same ones at every call."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import torch
import yaml

from agents import train
from agents.study import command as study
from coordrl.compare import command as compare
from tests.agents.fuzzing.mutations import (
    change_checkpoint,
    damaged,
    damaged_record,
    damaged_table,
    filled,
    mutated,
)
from tests.agents.fuzzing.outcome import Input
from tests.agents.fuzzing.run_folders import RUN, write_runs, write_unfinished
from tests.agents.fuzzing.words import (
    FLAGS,
    LIKELY,
    LOGS,
    MAINS,
    ODD,
    ODD_WORDS,
    ODD_YAML,
    RECORDS,
    STUDY,
    SWITCHES,
    WITHOUT_IMAGES,
)


def make_input(kind: str, number: int, folder: Path) -> Input:
    """Make a wrong input.

    :param kind: One of :data:`KINDS`
    :param number: Which one of this kind
    :param folder: An empty folder for it, which is also the current one
    """
    rng = random.Random(f"{kind} {number}")
    return KINDS[kind](rng, folder)


def _study_file(rng: random.Random, folder: Path) -> Input:
    values = STUDY if rng.random() < 0.7 else {**STUDY, "sweep": {}}
    for _ in range(rng.choice((1, 1, 2))):
        values = mutated(values, rng, [*ODD, *["@yaml@"] * len(ODD)])
    text = yaml.safe_dump(values, allow_unicode=True, width=10**6)
    while "@yaml@" in text:
        text = text.replace("'@yaml@'", rng.choice(ODD_YAML), 1)
        text = text.replace("@yaml@", "x", 1) if "'@yaml@'" not in text else text
    content = filled(text).encode(errors="surrogatepass")
    if rng.random() < 0.2:
        content = damaged(content, rng)
    (folder / "study.yaml").write_bytes(content)
    return Input("study.yaml", study.main, ["study.yaml", "-f", "out", "--list"])


def _command_line(rng: random.Random, folder: Path) -> Input:
    name = rng.choice(list(FLAGS))
    argv: list[str] = []
    if name in ("evaluate", "enjoy", "verify", "status", "compare"):
        write_runs(folder / "runs")
        # Every command is refused at the latest when it comes to the weights.
        argv = [rng.choice(["runs", f"runs/{RUN}"] if rng.random() < 0.8 else ODD_WORDS)]
        argv = [] if argv == ["--"] else argv
    argv += ["--processes", "1"] if name == "evaluate" else []
    for flag in rng.choices(FLAGS[name].split(), k=rng.choice((1, 1, 2, 3))):
        words = next((likely for flags, likely in LIKELY.items() if flag in flags.split()), [])
        words = words if words and rng.random() < 0.7 else ODD_WORDS
        number = rng.choice((0, 1, 2)) if rng.random() < 0.1 else int(flag not in SWITCHES)
        argv += [flag, *rng.choices(words, k=number)]
    if name == "train":
        argv = [*WITHOUT_IMAGES, *argv]
    if name == "study":
        (folder / "study.yaml").write_text(yaml.safe_dump({**STUDY, "sweep": {}}))
        argv = ["study.yaml", "-f", "out", *argv, "--list"]
    if name == "enjoy":
        argv += ["--no-render"]
    if name == "arms":
        argv = rng.choices(ODD_WORDS, k=rng.choice((1, 2)))
    return Input(f"{name} {argv}", MAINS[name], argv)


def _record(rng: random.Random, folder: Path) -> Input:
    record = rng.choice([*RECORDS, *["run.json"] * 5])
    command = rng.choice(["status", "evaluate", "enjoy", "train", "like", "verify"])
    if record in ("study.json", "sweep.json", "progress.json"):
        command = "status"
    if record == "evaluation.json":
        command = "evaluate"
    root = folder / "runs"
    if record == "sweep.json":
        write_runs(root / "gamma=1")
        parts = {"format": 1, "name": "runs", "config": {}, "studies": ["gamma=1"]}
        path = root / record
        path.write_text(json.dumps(parts))
        run = root / "gamma=1" / RUN
    elif command in ("train", "like", "verify"):
        run = write_unfinished(root, record == "run.json")
        path = run / record
    else:
        write_runs(root, "running" if record == "progress.json" else "finished")
        run = root / RUN
        path = (root if record == "study.json" else run) / record
    path.write_bytes(damaged_record(path.read_bytes(), rng))
    where = rng.choice([str(run), str(root)])
    argv = {
        "status": [str(root)],
        "evaluate": [where, "--n-eval-episodes", "1", "--stochastic", "--processes", "1"],
        "enjoy": [where, "--no-render", "-n", "1"],
        "train": ["--run", str(run)],
        "like": ["--like", str(run), "-f", "out"],
        "verify": [str(run)],
    }[command]
    return Input(f"{record} for {command}", MAINS[command.replace("like", "train")], argv)


def _log(rng: random.Random, folder: Path) -> Input:
    root = folder / "runs"
    write_runs(root)
    name = rng.choice(LOGS)
    path = root / (name if name == "study.json" else f"{RUN}/{name}")
    content = path.read_bytes()
    if name.endswith(".json"):
        path.write_bytes(damaged_record(content, rng))
    else:
        path.write_bytes(damaged_table(content, rng))
    return Input(f"{name} for compare", compare.main, [str(root), "--output", "out"])


def _checkpoint(rng: random.Random, folder: Path) -> Input:
    run = write_unfinished(folder / "runs", True)
    [path] = (run / "checkpoint").iterdir()
    if rng.random() < 0.3:
        path.write_bytes(damaged(path.read_bytes(), rng))
    else:
        change_checkpoint(path, lambda state: mutated(state, rng, [*ODD, torch.ones(2)]))
    return Input("checkpoint", train.main, ["--run", str(run)])


KINDS: dict[str, Callable[[random.Random, Path], Input]] = {
    "study file": _study_file,
    "command line": _command_line,
    "record": _record,
    "log": _log,
    "checkpoint": _checkpoint,
}
