"""What concerns a whole process, tried in one of its own."""

import platform
import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


TRAIN = """
import itertools, resource, torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN
from agents.acceleration import prepare_process
torch.set_num_threads(1)
if {prepare}:
    prepare_process(num_threads=1)
network = NatureCNN(spaces.Box(0, 255, (4, 84, 84), "uint8"))
images = torch.zeros(256, 4, 84, 84, dtype=torch.uint8)
faults = []
for _ in range(8):
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    network(images.float() / 255).sum().backward()
print(min(after - before for before, after in itertools.pairwise(faults[2:])))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_freed_memory_is_used_again() -> None:
    assert int(run(TRAIN.format(prepare=True))) < 1_000
    assert int(run(TRAIN.format(prepare=False))) > 5_000


def test_a_run_of_a2c_needs_no_import_of_torchs_compiler() -> None:
    code = """
import sys
from agents.run.config import make_run_config
from agents.training.model import make_model, make_run_env
config = make_run_config(env="Pong", algo="a2c", arm="coord", seed=0, hyperparams={"n_envs": 2})
model = make_model(config, make_run_env(config))
model.learn(20)
optimizer = model.policy.optimizer
optimizer.load_state_dict(optimizer.state_dict())
print(model._n_updates, "torch._dynamo" in sys.modules)
"""
    assert run(code) == "2 False"
