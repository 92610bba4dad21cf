"""The code of the documentation runs, for fewer timesteps."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

REPOSITORY = Path(__file__).parents[1]
SHORT_PPO = "PPO(CoordActorCriticPolicy, env, n_steps=16, batch_size=16, n_epochs=1)"


def test_stable_baselines3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "sb3.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = "\n".join(blocks)
    # One rollout, which must not be long.
    assert code.count("model.learn(1_000_000)") == 2
    code = code.replace("1_000_000", "16").replace("n_envs=8", "n_envs=2")
    assert code.count("100_000") == 1
    code = code.replace("100_000", "16").replace("n_eval_episodes=10", "n_eval_episodes=1")
    code = code.replace("PPO(CoordActorCriticPolicy, env)", SHORT_PPO)
    assert SHORT_PPO in code
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["model"].policy.features_extractor.cnn[0].coord_weight.abs().max() > 0
    names["env"].close()
