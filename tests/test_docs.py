"""The code of the documentation runs, for fewer timesteps."""

import re
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest
import torch

REPOSITORY = Path(__file__).parents[1]
FEW_SHORT_GAMES = 'n_envs=2, env_kwargs={"max_episode_steps": 200}'
SHORT_PPO = "PPO(CoordActorCriticPolicy, env, n_steps=16, batch_size=16, n_epochs=1)"


def test_stable_baselines3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "sb3.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = "\n".join(blocks)
    # One rollout and one game, which must not be long.
    assert code.count("model.learn(1_000_000)") == 2
    code = code.replace("1_000_000", "16").replace("n_envs=8", FEW_SHORT_GAMES)
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


@pytest.mark.slow
def test_the_lines_of_the_readme_run_where_nothing_but_they_need_is_installed(
    tmp_path: Path,
) -> None:
    text = (REPOSITORY / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    packages = [str(REPOSITORY), "ale-py", "opencv-python-headless"]
    pins = ["--constraint", str(REPOSITORY / "constraints.txt")]
    install = [python, "-m", "pip", "install", "--quiet", *pins, *packages]
    subprocess.run(install, check=True, cwd=tmp_path)
    subprocess.run([python, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.slow
def test_the_papers_failure_and_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "paper.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    # Six epochs are enough to tell them apart.
    assert code.count("range(16)") == code.count("T_max=16") == 1
    code = code.replace("range(16)", "range(6)").replace("T_max=16", "T_max=6")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    torch.set_num_threads(1)
    names: dict[str, Any] = {}
    exec(code, names)
    plain, coordconv = (panel.get_title() for panel in names["panels"])
    assert plain in {f"DeconvPainter: test {percent}%" for percent in range(5)}
    assert coordconv == "CoordPainter: test 100%"
    assert (tmp_path / "where.png").stat().st_size > 5000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "deployment.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch._dynamo.reset()
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["error"] > 0
