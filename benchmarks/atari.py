"""Steps per second of Atari environments, beside what an SB3 user would pick instead.

All contenders play the classic protocol with random actions. They take turns in short rounds, so
that whatever else the machine does hits them alike; ratios are taken within a round and their
median reported. EnvPool joins in where it is installed.

    python benchmarks/atari.py [--game Pong] [--quick] [--json PATH]
"""

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from stable_baselines3.common.env_util import make_atari_env as make_sb3_env
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    SubprocVecEnv,
    VecFrameStack,
    VecTransposeImage,
)

from benchmarks.machine import machine
from envs import PROTOCOLS, Game, make_atari_env, resolve_game
from envs.native import native_env

CORES = os.cpu_count() or 1
OURS, BARE, DUMMY, SUBPROC = "coordrl", "bare AtariVectorEnv", "SB3 Dummy", "SB3 Subproc"
Timings = dict[str, list[float]]


@dataclass
class Contender:
    """Something that steps n_envs games at once."""

    step: Callable[[Any], Any]
    close: Callable[[], None]
    n_actions: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--game", default="Pong")
    parser.add_argument("--quick", action="store_true", help="8 environments, a few rounds")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    try:
        game = resolve_game(options.game)
    except ValueError as error:
        parser.exit(2, f"error: {error}\n")
    if options.json and not options.json.parent.is_dir():
        parser.exit(2, f"error: there is no folder {options.json.parent} for the figures\n")

    rounds, steps = (3, 60) if options.quick else (15, 250)
    results = []
    for n_envs in (8,) if options.quick else (8, 16):
        result = measure(game, n_envs, rounds, steps)
        show(result)
        results.append(result)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def measure(game: Game, n_envs: int, rounds: int, steps: int) -> dict[str, Any]:
    """Let all contenders take turns and summarise their seconds per environment step."""
    contenders = make_contenders(game, n_envs)
    rng = np.random.default_rng(0)
    timings: Timings = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name in rng.permutation(list(contenders)):
            contender = contenders[name]
            actions = rng.integers(contender.n_actions, size=(steps, n_envs))
            start = time.perf_counter()
            for row in actions:
                contender.step(row)
            elapsed = (time.perf_counter() - start) / (steps * n_envs)
            if turn:  # the first turn warms up
                timings[name].append(elapsed)
    for contender in contenders.values():
        contender.close()
    return summarise(game, n_envs, timings)


def summarise(game: Game, n_envs: int, timings: Timings) -> dict[str, Any]:
    fastest_sb3 = min((DUMMY, SUBPROC), key=lambda name: median(timings[name]))
    return {
        "game": game.name,
        "n_envs": n_envs,
        "steps_per_second": {name: 1 / median(seconds) for name, seconds in timings.items()},
        "fastest_sb3": fastest_sb3,
        "times_as_fast_as_sb3": median_ratio(timings[fastest_sb3], timings[OURS]),
        "overhead_over_bare": median_ratio(timings[OURS], timings[BARE]) - 1,
        "seconds_per_step": timings,
    }


def median_ratio(numerators: list[float], denominators: list[float]) -> float:
    return median(a / b for a, b in zip(numerators, denominators, strict=True))


def make_contenders(game: Game, n_envs: int) -> dict[str, Contender]:
    contenders = {
        OURS: from_sb3(make_atari_env(game.name, n_envs, num_threads=CORES)),
        BARE: bare(game, n_envs),
        DUMMY: from_sb3(sb3(game, n_envs, DummyVecEnv)),
        SUBPROC: from_sb3(sb3(game, n_envs, SubprocVecEnv)),
    }
    if importlib.util.find_spec("envpool"):
        contenders["EnvPool"] = envpool(game, n_envs)
    return contenders


def from_sb3(env: Any) -> Contender:
    env.reset()
    return Contender(env.step, env.close, int(env.action_space.n))


def sb3(game: Game, n_envs: int, vec_env_cls: type[DummyVecEnv | SubprocVecEnv]) -> Any:
    env = make_sb3_env(f"{game.name}NoFrameskip-v4", n_envs, seed=0, vec_env_cls=vec_env_cls)
    return VecTransposeImage(VecFrameStack(env, 4))


def bare(game: Game, n_envs: int) -> Contender:
    env = native_env(game, n_envs, PROTOCOLS["classic"], num_threads=CORES)
    env.reset(seed=0)
    return Contender(env.step, env.close, int(env.single_action_space.n))


def envpool(game: Game, n_envs: int) -> Contender:
    import envpool as package

    env = package.make(
        f"{game.name}-v5",
        env_type="gymnasium",
        num_envs=n_envs,
        num_threads=CORES,
        episodic_life=True,
        reward_clip=True,
        use_fire_reset=True,
    )
    env.reset()
    return Contender(env.step, env.close, int(env.action_space.n))


def show(result: dict[str, Any]) -> None:
    print(f"{result['game']}, {result['n_envs']} environments, {CORES} cores")
    for name, speed in result["steps_per_second"].items():
        print(f"  {name:<20} {speed:>8,.0f} steps/s")
    print(
        f"  {OURS} is {result['times_as_fast_as_sb3']:.2f} times as fast as "
        f"{result['fastest_sb3']}; overhead over the bare environment "
        f"{result['overhead_over_bare']:+.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
