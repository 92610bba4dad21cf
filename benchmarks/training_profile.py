"""Where a training's time goes, beside the least that its parts could take."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from torch.utils.flop_counter import FlopCounterMode

from agents.acceleration import prepare_process
from agents.run.config import RunConfig, make_run_config
from agents.training.model import make_model, make_run_env
from envs import PROTOCOLS, resolve_game
from envs.native import native_env

ROLLOUTS = {"a2c": (20, 60), "ppo": (1, 4)}
"""Rollouts that warm up, and those that are timed."""


class Stopwatch:
    """Seconds spent in methods, by name; those in another timed method are counted there."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._nested = 0.0

    def watch(self, stack: ExitStack, owner: Any, method: str, name: str) -> None:
        """Time a method of an object or a class, until the stack is left."""
        original = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            outer, self._nested = self._nested, 0.0
            start = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                took = time.perf_counter() - start
                self.seconds[name] += took - self._nested
                self._nested = outer + took

        stack.enter_context(patch.object(owner, method, timed))


class Timing(BaseCallback):
    """Times whole rollouts with their updates, and stops."""

    def __init__(self, stopwatch: Stopwatch, warm_up: int, rollouts: int) -> None:
        super().__init__()
        self.stopwatch = stopwatch
        self.first, self.last = warm_up, warm_up + rollouts
        self.rollouts = 0
        self.start = self.seconds = 0.0

    def _on_step(self) -> bool:
        return not self.seconds

    def _on_rollout_start(self) -> None:
        if self.rollouts == self.first:
            self.stopwatch.seconds.clear()
            self.start = time.perf_counter()
        if self.rollouts == self.last:
            self.seconds = time.perf_counter() - self.start
            self.spent = dict(self.stopwatch.seconds)
        self.rollouts += 1


def profile(game: str, algo: str, arm: str) -> dict[str, Any]:
    """Train for a while with one thread, and time the parts.

    :return: Microseconds a timestep by part, and the floor of those that have one
    """
    prepare_process(num_threads=1)
    config = make_run_config(env=game, algo=algo, arm=arm, seed=0)
    warm_up, rollouts = ROLLOUTS[algo]
    sgemm_before, bare = sgemm_rate(), bare_stepping(config)
    with closing(make_run_env(config)) as env, ExitStack() as stack:
        model = make_model(config, env)
        stopwatch = Stopwatch()
        watch_parts(stopwatch, stack, model, env)
        timing = Timing(stopwatch, warm_up, rollouts)
        model.learn(config.n_timesteps, callback=timing, log_interval=None)  # type: ignore[arg-type]  # SB3 takes it, for no log
    flops = count_flops(config)
    timesteps = rollouts * config.hyperparams.rollout
    parts = {name: 1e6 * seconds / timesteps for name, seconds in timing.spent.items()}
    total = 1e6 * timing.seconds / timesteps
    parts["bookkeeping"] = total - sum(parts.values())
    rate = (sgemm_before + sgemm_rate()) / 2
    floor = {"environment": bare} | {name: 1e6 * n / rate for name, n in flops.items()}
    return {
        "game": game,
        "algo": algo,
        "arm": arm,
        "sgemm_gflops": rate / 1e9,
        "microseconds": parts,
        "floor_microseconds": floor,
        "of_the_floors_rate": sum(floor.values()) / total,
    }


def watch_parts(
    stopwatch: Stopwatch, stack: ExitStack, model: OnPolicyAlgorithm, env: VecEnv
) -> None:
    policy = model.policy
    for owner, method, name in (
        (env, "step_wait", "environment"),
        (policy, "forward", "rollout inference"),
        (policy, "predict_values", "rollout inference"),
        (policy, "evaluate_actions", "gradient"),
        (torch.Tensor, "backward", "gradient"),
        (torch.nn.utils, "clip_grad_norm_", "optimizer"),
        (policy.optimizer, "step", "optimizer"),
        (model.rollout_buffer, "add", "buffer"),
        (model.rollout_buffer, "_get_samples", "buffer"),
    ):
        stopwatch.watch(stack, owner, method, name)


def sgemm_rate(size: int = 1024) -> float:
    """Measure multiply-adds, counted twice, per second of a matrix product on one core."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    return 2 * size**3 / median(seconds_of(lambda: a @ b) for _ in range(30))


def seconds_of(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def bare_stepping(config: RunConfig, steps: int = 200) -> float:
    """Step ALE's vector environment with random actions, one thread.

    :return: Microseconds a timestep
    """
    n_envs = config.hyperparams.n_envs
    env = native_env(resolve_game(config.env), n_envs, PROTOCOLS[config.protocol], 1)
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    actions = rng.integers(0, env.single_action_space.n, size=(steps, n_envs))
    return 1e6 * median(seconds_of(lambda row=row: env.step(row)) for row in actions) / n_envs


def count_flops(config: RunConfig) -> dict[str, float]:
    """Count the plain network's operations a timestep, for rollouts and for gradients.

    They are those of SB3's passes: a rollout looks at every image, and at the last ones once more
    for their values; a gradient takes a pass forward and one back, in every epoch.
    """
    plain = make_run_config(env=config.env, algo="a2c", arm="standard", seed=0)  # or "ppo"
    with closing(make_run_env(plain, n_envs=1)) as env:
        policy = make_model(plain, env).policy
        images = torch.zeros(1, *env.observation_space.shape, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        values, log_prob, entropy = policy.evaluate_actions(images, torch.zeros(1))
        forward = counter.get_total_flops()
        (values + log_prob + entropy).sum().backward()
    backward = counter.get_total_flops() - forward
    n_steps = config.hyperparams.n_steps
    epochs = getattr(config.hyperparams, "n_epochs", 1)
    return {
        "rollout inference": forward * (1 + 1 / n_steps),
        "gradient": epochs * (forward + backward),
    }


def show_profile(results: list[dict[str, Any]]) -> None:
    """Print a table for each training."""
    for result in results:
        print(
            f"\n{result['game']}, {result['algo'].upper()}, {result['arm']}: microseconds a "
            f"timestep on one core ({result['sgemm_gflops']:.0f} GFLOP/s in matrix products)"
        )
        floor = result["floor_microseconds"]
        for name, value in sorted(result["microseconds"].items(), key=lambda item: -item[1]):
            least = f"{floor[name]:7.0f}" if name in floor else "      -"
            print(f"{name:<18} {value:7.0f}   floor {least}")
        total = sum(result["microseconds"].values())
        print(
            f"{'together':<18} {total:7.0f}   floor {sum(floor.values()):7.0f}   "
            f"{result['of_the_floors_rate']:.0%} of the floor's rate",
            flush=True,
        )
