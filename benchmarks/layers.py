"""What coordinates cost: a plain convolution, concatenation as others write it, and ours.

The three take turns, round after round, so that whatever else the machine does hits them alike;
ratios to the plain network are taken within a round, and their median and quartiles reported.

    python benchmarks/layers.py [--quick] [--networks layer] [--device cuda] [--json PATH]
    python benchmarks/layers.py --profile
"""

import argparse
import copy
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from benchmarks.machine import machine
from coordrl import (
    AddCoords,
    CoordConv2d,
    CoordImpalaCNN,
    CoordNatureCNN,
    HadamaxCNN,
    KeypointCNN,
)

FRAMES = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
BATCHES = (1, 8, 16, 80, 256)
GPU_BATCHES = (8, 256, 1024)
PASSES = ("forward", "forward + backward")
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
VARIANTS = ("plain", "concatenation", "coordrl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--quick", action="store_true", help="NatureCNN alone, in under a minute")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(default: cpu)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--profile", action="store_true", help="show where NatureCNN's time goes")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "error: there is no GPU that torch can use: leave --device out\n")
    if options.profile:
        profile()
        return

    networks = ["NatureCNN"] if options.quick else options.networks
    batches = (8, 80) if options.quick else BATCHES
    threads = (1,) if options.quick else (1, 2)
    seconds = 4.0 if options.quick else 6.0
    if options.device == "cuda":
        batches, threads, seconds = GPU_BATCHES, (1,), 1.5
    print(
        f"{'network':<10} {'layout':<14} {'threads':>7} {'batch':>5} {'pass':<19} "
        f"{'plain, ms':>9}  ratio to plain"
    )
    results = []
    for name, layout, n_threads, batch, kind in itertools.product(
        networks, LAYOUTS, threads, batches, PASSES
    ):
        result = measure(
            NETWORKS[name], LAYOUTS[layout], n_threads, batch, kind, seconds, options.device
        )
        result = {"network": name, "layout": layout, "threads": n_threads, "batch": batch} | result
        show(result)
        results.append(result)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def convolution() -> nn.Module:
    """NatureCNN's second layer, on the maps that it gets."""
    return nn.Sequential(CoordConv2d(32, 64, 4, 2, coord_init="orthogonal"))


def nature_cnn() -> nn.Module:
    return CoordNatureCNN(FRAMES)


def impala() -> nn.Module:
    return CoordImpalaCNN(FRAMES)


def impoola() -> nn.Module:
    return CoordImpalaCNN(FRAMES, width=2, pool="avg")


def hadamax() -> nn.Module:
    return HadamaxCNN(FRAMES, coord_layers="all")


def keypoints() -> nn.Module:
    return KeypointCNN(FRAMES, coord_layers="all")


def sinusoids() -> nn.Module:
    return CoordNatureCNN(FRAMES, code="fourier_3")


def learned() -> nn.Module:
    return CoordNatureCNN(FRAMES, code="learned")


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "layer": convolution,
    "NatureCNN": nature_cnn,
    "IMPALA": impala,
    "Impoola": impoola,
    "Hadamax": hadamax,
    "keypoints": keypoints,
    "fourier": sinusoids,
    "learned": learned,
}


def variants(make: Callable[[], nn.Module]) -> dict[str, nn.Module]:
    """Make the network plain, with concatenated coordinates, and with ours.

    They have the same weights, and differ in their convolutions alone. Learned maps cannot be
    concatenated.
    """
    ours = make()
    made = {"plain": swapped(ours, plain), "coordrl": ours}
    if make is not learned:
        made["concatenation"] = swapped(ours, concatenated)
    return made


def concatenated(layer: CoordConv2d) -> nn.Module:
    return nn.Sequential(AddCoords(code=layer.code), layer.to_concatenated())


def plain(layer: CoordConv2d) -> nn.Module:
    arguments = (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride)
    conv = nn.Conv2d(*arguments, layer.padding)  # type: ignore[arg-type]
    conv.weight, conv.bias = layer.weight, layer.bias
    return conv


def swapped(network: nn.Module, swap: Callable[[CoordConv2d], nn.Module]) -> nn.Module:
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, CoordConv2d):
                setattr(module, name, swap(child))
    return network


def measure(
    make: Callable[[], nn.Module],
    layout: torch.memory_format,
    n_threads: int,
    batch: int,
    kind: str,
    seconds: float,
    device: str = "cpu",
) -> dict[str, Any]:
    """Let the variants take turns for some seconds."""
    torch.set_num_threads(n_threads)
    torch.manual_seed(0)
    shape = (32, 20, 20) if make is convolution else (4, 84, 84)
    x = torch.rand(batch, *shape, device=device).contiguous(memory_format=layout)
    steps = {}
    for name, network in variants(make).items():
        placed = network.to(device, memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack it
        steps[name] = step(placed, x, kind)
    repeats = calls_per_turn(steps["plain"], device)
    timings: dict[str, list[float]] = {name: [] for name in VARIANTS if name in steps}
    order = np.random.default_rng(0)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(timings["plain"]) < 7:
        for name in order.permutation(list(timings)):
            timings[name].append(timed(steps[name], repeats, device) / repeats)
    return {"pass": kind, "rounds": len(timings["plain"]), **summarise(timings)}


def step(network: nn.Module, x: torch.Tensor, kind: str) -> Callable[[], Any]:
    """Return what is timed: a rollout's forward pass, or a training step's two passes."""

    def forward() -> None:
        with torch.no_grad():
            network(x)

    def forward_backward() -> None:
        network.zero_grad()
        network(x).sum().backward()

    return forward if kind == "forward" else forward_backward


def timed(call: Callable[[], Any], repeats: int, device: str) -> float:
    """Return the seconds that some calls take, the GPU's work included."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def calls_per_turn(call: Callable[[], Any], device: str, turn: float = 0.02) -> int:
    """Warm up, and find how many calls fill a turn of so many seconds."""
    for _ in range(3):
        took = timed(call, 1, device)
    return max(1, round(turn / took))


def summarise(timings: dict[str, list[float]]) -> dict[str, Any]:
    summary: dict[str, Any] = {"seconds": {name: median(timings[name]) for name in timings}}
    for name in list(timings)[1:]:
        ratios = [a / b for a, b in zip(timings[name], timings["plain"], strict=True)]
        low, middle, high = quantiles(ratios, n=4)
        summary[name] = {"ratio": middle, "quartiles": [low, high]}
    return summary


def show(result: dict[str, Any]) -> None:
    ratios = ", ".join(
        f"{name} {result[name]['ratio']:.3f} "
        f"({result[name]['quartiles'][0]:.2f}-{result[name]['quartiles'][1]:.2f})"
        for name in VARIANTS[1:]
        if name in result
    )
    print(
        f"{result['network']:<10} {result['layout']:<14} {result['threads']:>7} "
        f"{result['batch']:>5} {result['pass']:<19} "
        f"{1e3 * result['seconds']['plain']:>9.2f}  {ratios}",
        flush=True,
    )


def profile() -> None:
    """Show the operators of a training step of NatureCNN with coordinates, by their own time."""
    torch.set_num_threads(1)
    x = torch.rand(80, 4, 84, 84)
    for name in ("plain", "coordrl"):
        call = step(variants(nature_cnn)[name], x, "forward + backward")
        call()
        with torch.profiler.profile() as profiler:
            for _ in range(20):
                call()
        print(name, profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=12))


if __name__ == "__main__":
    main()
