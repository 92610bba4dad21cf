"""Wrong inputs of all kinds, the same ones at every call, and what a command makes of them."""

import contextlib
import copy
import hashlib
import io
import json
import random
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import torch
import yaml
from safetensors.torch import save

from agents import arms, enjoy, evaluate, status, train, verify
from agents.run.config import RunConfig, make_run_config
from agents.run.folder import RunFolder
from agents.run.progress import Progress, progress_writer
from agents.run.provenance import builds, provenance
from agents.study import command as study
from agents.study.config import parse_study
from agents.study.folder import expand, write_study
from agents.training.checkpoints import write_checkpoint
from common.command_line import BAD_INPUT, run_command
from common.errors import plain
from coordrl.compare import command as compare

Main = Callable[[Sequence[str] | None], int]

TIME_LIMIT = 60.0
"""Seconds that a command may take."""
MEMORY_LIMIT = 2 * 2**30
"""Bytes that the process may grow by, over all inputs."""

ODD: list[Any] = [
    *(None, True, False, 0, -1, 3, 10**13, 10**40, 10**400, -0.5, 1e300, float("nan")),
    *(float("inf"), "", "x", "1e999", "nan", "../x", "/", ".", "..", "a" * 5000, "\0", "\ud800"),
    *("\x1b[2J", "\u202e", "\udcff", "é", "lin_", "lin_nan", "%s%n", "[/red]", "[link=x]", "=1+1"),
    *([], {}, [[]], {"": None}, [None], {"a": {"b": 1}}, [1, 2], ["x", "x"], [0.9], [[1], [2]]),
    *("@deep@", "@deeper@", "@digits@"),
]
PLACEHOLDERS = {
    "@deep@": "[" * 300 + "]" * 300,
    "@deeper@": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "@digits@": "9" * 5000,
}
ODD_YAML = [
    *("!!python/object/apply:os.system ['true']", "2001-01-01", "2001-99-99", "!!int x"),
    *("!!float x", "!!bool maybe", "!!binary '#'", "!!binary '/w=='", "!!set {a, b}", "!!null x"),
    *("!!omap [a: 1]", "!!pairs [a: 1]", "{[a]: 1}", "{{a: 1}: 2}", "{1: 2, b: 3}", "{? a}"),
    *("{<<: {a: 1}}", "{<<: 3}", "{<<: [1]}", "&a [*a]", "&a {b: *a}", "*nowhere", "&a &b x", "="),
    *("1:60:60", "0b", "0x", "0o9", "1_000_", "!<tag:yaml.org,2002:int> y", "1e5", "01", "@x", "`"),
    *("{a: 1, a: 2}", '"\\ud800"', '"\\0"', '"\\x1b[2J"', "!!str {a: 1}", "!!map [a]", "!!seq {}"),
    *("[" * 10_000, "[" * 300 + "]" * 300, "9" * 5000, "{.nan: 1}", "{null: 1}", "!!timestamp x"),
    "[&a [x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b],"
    " &d [*c,*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d,*d], &f [*e,*e,*e,*e,*e,*e,*e],"
    " &g [*f,*f,*f,*f,*f,*f,*f,*f,*f], &h [*g,*g,*g,*g,*g,*g,*g,*g,*g], *h]",
]
STUDY: dict[str, Any] = {
    "env": ["Breakout"],
    "algo": ["a2c"],
    "arms": ["standard", "mine"],
    "own_arms": {
        "mine": {
            "features_extractor_class": "coordrl.CoordNatureCNN",
            "features_extractor_kwargs": {"features_dim": 64},
            "policy": "stable_baselines3.common.policies.ActorCriticCnnPolicy",
            "hyperparams": {"a2c": {"gamma": 0.9}},
            "control": "standard",
        }
    },
    "seeds": 2,
    "n_timesteps": {"a2c": 16},
    "protocol": "sticky",
    "hyperparams": {"a2c": {"n_envs": 2, "learning_rate": "lin_7e-4", "optimizer_kwargs": {}}},
    "env_kwargs": {"screen_size": 84, "full_action_space": False},
    "eval_env_kwargs": {"grayscale": True},
    "eval_freq": 0,
    "sweep": {"n_steps": [5, 6]},
    "comparison": {"baseline": "standard", "test": "paired", "margin": 0.1},
    "note": "a note",
}
RUNS_STUDY: dict[str, Any] = {
    "env": ["NotSoClevr-v0"],
    "algo": ["ppo"],
    "arms": ["pooled", "coord-pooled"],
    "seeds": 2,
    "n_timesteps": 64,
    "hyperparams": {"ppo": {"n_envs": 2, "n_steps": 16, "batch_size": 16}},
}
RUN = "NotSoClevr-v0/ppo/coord-pooled/seed-1"
RECORDS = ("run.json", "progress.json", "study.json", "sweep.json", "evaluation.json")
LOGS = ("episodes.csv", "progress.csv", "run.json", "study.json")
MAINS: dict[str, Main] = {
    "train": train.main,
    "study": study.main,
    "evaluate": evaluate.main,
    "enjoy": enjoy.main,
    "verify": verify.main,
    "status": status.main,
    "arms": arms.main,
    "compare": compare.main,
}
WITHOUT_IMAGES = ["--algo", "a2c", "--env", "CartPole-v1", "-f", "out"]
"""Arguments of a training that is refused when its environments are made, whatever is added."""
FLAGS = {
    "train": "--algo --env --arm --seed --log-folder --run --like --trust --resume-inexactly -n "
    "--protocol --env-kwargs --eval-freq --eval-episodes --eval-env-kwargs --save-freq --device "
    "--num-threads --hyperparams",
    "study": "--env --algo --arms --seeds --sweep --log-folder --processes --executor --address "
    "--gpus-per-run --hang-timeout -n --protocol --env-kwargs --eval-freq --eval-episodes "
    "--eval-env-kwargs --save-freq --device --num-threads --hyperparams --resume-inexactly",
    "evaluate": "--n-eval-episodes --n-envs --deterministic --without-coordinates --seed --trust "
    "--env-kwargs --device --processes --json",
    "enjoy": "-f --env --algo -n --deterministic --seed --env-kwargs --trust -o",
    "verify": "--trust",
    "status": "--unknown",
    "arms": "--unknown",
    "compare": "--output --baseline --pattern --source --tag",
}
SWITCHES = ("--trust", "--json", "--deterministic", "--without-coordinates", "--resume-inexactly")
LIKELY: dict[str, list[str]] = {
    "--env-kwargs --eval-env-kwargs": [
        "screen_size:[]",
        "env_wrapper:x",
        "env_wrapper:[[]]",
        "render_mode:3",
        "env_wrapper:{a.b:3}",
        "env_wrapper:{os.path.join:{}}",
        "noop_max:1e9",
        "grayscale:maybe",
        "seed:1",
        "n_envs:1",
        "max_episode_steps:x",
        "max_episode_steps:-1",
        "id:x",
        "entry_point:os.system",
        "disable_env_checker:1",
        "square_size:0",
        "canvas:x",
        "size:1e400",
        "a:{<<:3}",
        "a:2001-99-99",
        "a:=",
        "a:[[",
        "frame_stack:4",
    ],
    "--hyperparams": [
        "betas:[.9]",
        "optimizer_kwargs:{betas:[.9]}",
        "optimizer_class:Adam",
        "gamma:10e400",
        "optimizer_kwargs:{betas:x}",
        "optimizer_kwargs:{eps:[]}",
        "n_envs:1000000000",
        "n_steps:1000000000000",
        "optimizer_kwargs:{alpha:9e999,weight_decay:x}",
        "learning_rate:lin_nan",
        "learning_rate:1e-400",
        "frame_stack:65",
        "frame_stack:1",
        "n_steps:1.5",
        "max_grad_norm:{}",
        "normalize_advantage:9",
    ],
    "--sweep": [
        "gamma=.nan",
        "n_steps=1,2",
        "n_steps=1,1",
        "gamma=x,y",
        "n_steps=[1],[2]",
        "n_steps={}",
        "gamma=&a",
        "optimizer_kwargs={}",
        "x=1",
        "learning_rate=1e-4,2e-4,lin_1",
        "/=1",
        "../x=1",
        "n_steps=",
    ],
    "-n --n-timesteps --n-eval-episodes --n-envs --processes --seeds --eval-freq --save-freq "
    "--eval-episodes --num-threads --hang-timeout --seed": [
        "0",
        "1",
        "2",
        "-1",
        "1e12",
        "1e13",
        "nan",
        "9999",
    ],
    "--arm --arms": [
        "os.path",
        "a..b",
        ".:x",
        "torch.nn.Linear",
        "coordrl.x",
        "json.decoder.JSONDecoder",
        "x.y",
    ],
    "--env": [
        ".:x",
        "a:b",
        "suite:x",
        "../x",
        "os:x",
        "x.y:z",
        "Pong/x",
        "gymnasium:x",
        "NotSoClevr",
        "/x",
        "CartPole-v99",
    ],
    "--device": ["meta", "cuda:99", "cpu:-1", "cpu:x", "mps", "xla", "hpu"],
    "--pattern": ["{arm}/{seed}", "{arm", "{}", "{arm}{arm}", "**", "{game}/{arm}/{seed}/{step}"],
}
"""What a flag's own kind of values leads to."""
ODD_WORDS = [
    *("", "0", "-1", "1", "1e3", "nan", "inf", "1e400", "9" * 5000, "x", "a:b", "a:", ":a", "a=b"),
    *("=", "n_envs:4", "n_steps=1,2", "gamma=.nan", "\udcff", "\x1b[2J", "é", "a" * 5000, ".:x"),
    *("/dev/null", "/proc/x", "study.yaml/x", "standard", "coord", "a2c", "ppo", "os.path", "auto"),
    *(
        "cuda:99",
        "meta",
        "cpu",
        "a..b",
        "suite:x",
        "suite:",
        "{arm}/{seed}",
        "{arm",
        "{}",
        "*",
        "[",
    ),
    *("betas:[.9]", "optimizer_kwargs:{betas: [.9]}", "optimizer_class:Adam", "frame_stack:1"),
    *("features_dim:9e9", "env_wrapper:x", "env_wrapper:[[]]", "env_wrapper:{a.b: 1}", "--", "-x"),
    *(
        "screen_size:[]",
        "render_mode:human",
        "a:{<<: 3}",
        "a:&a [*a]",
        "a:2001-99-99",
        "a:=",
        "a:!",
    ),
    *("noop_max:1e9", "seed:1", "grayscale:maybe", "gamma:10e400", "learning_rate:lin_nan", "a:[["),
]


@dataclass(frozen=True)
class Input:
    """A command, its arguments, and what is wrong with them or with what they name."""

    name: str
    main: Main
    argv: list[str]


@dataclass(frozen=True)
class Outcome:
    """What a command made of an input.

    :param code: The exit code, None if there was none
    :param error: The traceback, if an exception came out of the command
    """

    code: int | None
    printed: str
    told: str
    error: str = ""

    def fault(self) -> str:
        """Say what is wrong with the outcome, nothing if it is as promised."""
        if self.error:
            return self.error
        if self.code not in (0, 1, 2):
            return f"exit code {self.code}"
        lines = self.told.splitlines()
        if self.code == BAD_INPUT and not (lines and lines[-1].startswith("error: ")):
            return f"no error is told: {lines}"
        if any("Traceback" in line or len(line) > 10_000 for line in lines):
            return f"no line for people: {self.told[:3000]}"
        if any(plain(text) != text for text in (self.told, self.printed)):
            return f"control characters: {self.told!r:.3000} {self.printed!r:.3000}"
        return ""


class TooSlowError(BaseException):
    """A command has taken longer than it may."""


def outcome_of(wrong: Input) -> Outcome:
    """Run a command in this process, within a limit of time."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    code, error = None, ""
    sys.stdout, sys.stderr, kept = out, err, (sys.stdout, sys.stderr)
    try:
        with _limited(TIME_LIMIT):
            code = run_command(wrong.main, wrong.argv)
    except SystemExit as exit_:  # argparse's way
        code = exit_.code if isinstance(exit_.code, int) else None
    except (Exception, TooSlowError):  # noqa: BLE001  (whatever comes out is what is looked for)
        error = traceback.format_exc()
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = kept
    printed, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return Outcome(code, printed, told, error)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory() -> int:
    """Return the most bytes that this process has had so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


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
    content = _filled(text).encode(errors="surrogatepass")
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
    path.write_bytes(_damaged_record(path.read_bytes(), rng))
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
        path.write_bytes(_damaged_record(content, rng))
    else:
        path.write_bytes(_damaged_table(content, rng))
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


def mutated(values: Any, rng: random.Random, odd: Sequence[Any]) -> Any:
    """Return a copy of nested values that is wrong somewhere."""
    values = copy.deepcopy(values)
    place, key = rng.choice(list(_places(values)))
    kind = rng.choice(["replace", "replace", "replace", "remove", "rename", "nest", "text"])
    if kind == "remove":
        del place[key]
    elif kind == "rename" and isinstance(place, dict):
        place[rng.choice([f"{key}x", str(key)[::-1], "", "\x1b[2J", "config"])] = place.pop(key)
    elif kind == "nest":
        place[key] = rng.choice([[place[key]], {"x": place[key]}, [place[key]] * 2])
    elif kind == "text":
        place[key] = str(place[key])
    else:
        place[key] = copy.deepcopy(rng.choice(odd))
    return values


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(values, dict):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values))
    for key, value in items:
        yield values, key
        yield from _places(value)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return bytes that a disk, an editor or a stranger has changed."""
    at, to = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    flipped = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 50))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    lines = content.splitlines(keepends=True)
    return rng.choice(
        [
            content[:at],
            content[:at] + content[to:],
            content[:at] + bytes(to - at) + content[to:],
            content[:at] + rng.randbytes(30) + content[at:],
            bytes(flipped),
            b"\xef\xbb\xbf" + content,
            content.replace(b"\n", b"\r\n"),
            b"".join(rng.sample(lines, len(lines))),
            content + content,
            b"",
            b"\0" * len(content),
            content.decode(errors="replace").encode("utf-16"),
        ]
    )


def change_checkpoint(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Put other contents into a checkpoint, with their own right hash."""
    state = change(torch.load(path, weights_only=True))
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    path.unlink()
    digest = hashlib.sha256(content).hexdigest()[:32]
    path.with_name(f"{path.stem.partition('-')[0]}-{digest}.pt").write_bytes(content)


def _damaged_record(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.25:
        return damaged(content, rng)
    values = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        values = mutated(values, rng, ODD)
        if not isinstance(values, dict) or not values:
            break
    return _filled(json.dumps(values, indent=2)).encode()


def _filled(text: str) -> str:
    """Put in what no library would write: deep nesting, and numbers of thousands of digits."""
    for name, filling in PLACEHOLDERS.items():
        text = re.sub(rf"""["']?{name}["']?""", lambda _, filling=filling: filling, text)  # type: ignore[misc]
    return text


def _damaged_table(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return damaged(content, rng)
    rows = [line.split(b",") for line in content.splitlines()]
    odd = [
        b"",
        b"nan",
        b"inf",
        b"-1",
        b"1e999",
        b"9" * 5000,
        b"x",
        b'"',
        b"\0",
        b"\xff",
        b"=1",
        b",",
    ]
    for _ in range(rng.choice((1, 2, 20))):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(odd)
    return b"\n".join(b",".join(row) for row in rows) + b"\n"


def write_runs(root: Path, state: str = "finished") -> None:
    """Write a study of four runs as if they had been trained; the weights hold no tensors."""
    _write_files(root, _files(_make_runs, state))


def write_unfinished(root: Path, with_checkpoint: bool) -> Path:
    """Write a run that stands half way, and whose environment is refused when it is made."""
    files = _files(_make_unfinished, with_checkpoint)
    _write_files(root, files)
    return root / next(path.parent for path in files if path.name == "run.json")


@cache
def _files(make: Callable[[Path, Any], object], how: Any) -> dict[Path, bytes]:
    """Return what a function writes, by its place: written once, for disks are waited for."""
    with TemporaryDirectory() as name:
        make(Path(name), how)
        paths = [path for path in Path(name).rglob("*") if path.is_file()]
        return {path.relative_to(name): path.read_bytes() for path in paths}


def _write_files(root: Path, files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def _make_runs(root: Path, state: str) -> None:
    values = parse_study(RUNS_STUDY, "study")
    parts = expand("runs", values, root)
    root.mkdir(parents=True, exist_ok=True)
    write_study("runs", values, root, parts)
    for job in parts[0].jobs:
        _write_run(job.folder, job.config, state)


def _write_run(folder: RunFolder, config: RunConfig, state: str) -> None:
    content = save({})
    (folder.path / "policy.safetensors").write_bytes(content)
    steps = range(4, 4 * config.n_timesteps, 4)
    games = [f"{step},{step / 100},{step % 2},{step / 7},4" for step in steps]
    head = "timestep,wall_seconds,env,return,length"
    (folder.path / "episodes.csv").write_text("\n".join([head, *games]) + "\n")
    rows = [f"{step},{step / 9}" for step in steps]
    log = "\n".join(["time/total_timesteps,rollout/ep_rew_mean", *rows]) + "\n"
    (folder.path / "progress.csv").write_text(log)
    digest = hashlib.sha256(content).hexdigest()
    folder.update(
        status=state,
        provenance=provenance(),
        timing={"wall_seconds": 1.5, "cpu_seconds": 1.25, "timesteps_per_second": 50.0},
        score={"mean": 1.5, "games": 3},
        fingerprints={str(config.n_timesteps): digest, "32": digest},
    )
    progress_writer(folder.progress_path)(Progress(32, 64, 100.0, 3.5, None))
    about = {
        "format": 1,
        "game": config.env,
        "algorithm": config.algo,
        "arm": config.arm.name,
        "seed": config.seed,
        "protocol": config.protocol,
        "config_hash": config.hash,
        "weights_sha256": digest,
    }
    records = [{"deterministic": False, "coordinates": None, "env_kwargs": {}, "mean": 1.0}]
    evaluation = json.dumps({**about, "evaluations": records})
    (folder.path / "evaluation.json").write_text(evaluation)


def _make_unfinished(root: Path, with_checkpoint: bool) -> None:
    config = make_run_config(env="CartPole-v1", algo="a2c", arm="standard", seed=0, n_timesteps=80)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    _write_run(folder, config, "interrupted")
    if with_checkpoint:
        size = (folder.path / "episodes.csv").stat().st_size
        state = {
            "config_hash": config.hash,
            "builds": builds(),
            "training": {
                "num_timesteps": 40,
                "n_updates": 1,
                "episodes": [],
                "policy": {"weight": torch.ones(2, 2)},
            },
            "evaluation": None,
            "logs": {
                "sizes": {"episodes.csv": size // 2},
                "hashes": {},
                "progress_csv": "a,b\n1,2\n",
            },
            "wall_seconds": 1.5,
            "cpu_seconds": 1.25,
        }
        write_checkpoint(folder.checkpoints, 40, state)
