"""The documentation is true: its code and commands run, for fewer timesteps; its site is whole."""

import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.forks import Forks

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


# Python

FEW_SHORT_GAMES = 'n_envs=2, env_kwargs={"max_episode_steps": 200}'
SHORT_PPO = "PPO(CoordActorCriticPolicy, env, n_steps=16, batch_size=16, n_epochs=1)"
SHORTER: dict[str, dict[str, str]] = {
    "README.md": {},
    "atari.md": {"100_000": "16", "n_envs=8, seed=0": "n_envs=2, seed=0", "seed=0)": "n_steps=8)"},
    "comparison.md": {},
    "deployment.md": {},
    "not_so_clevr.md": {"10_000": "256"},
    # Six epochs are enough to tell the networks apart.
    "paper.md": {"range(16)": "range(6)", "T_max=16": "T_max=6"},
    # One rollout and one game, which must not be long.
    "sb3.md": {
        "1_000_000": "16",
        "n_envs=8": FEW_SHORT_GAMES,
        "100_000": "16",
        "n_eval_episodes=10": "n_eval_episodes=1",
        "PPO(CoordActorCriticPolicy, env)": SHORT_PPO,
    },
    "start.md": {},
}
"""Pages with Python code, and what is replaced there so that it runs for seconds."""


def run_page(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the code of a page as one program, and return its names."""
    page = REPOSITORY / name if name == "README.md" else DOCS / name
    code = "\n".join(blocks(page, "python"))
    for there, shorter in SHORTER[name].items():
        assert there in code
        code = code.replace(there, shorter)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MPLBACKEND", "agg")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch._dynamo.reset()
    names: dict[str, Any] = {"__name__": "page"}
    exec(code, names)
    return names


def test_every_page_with_code_is_run() -> None:
    assert {page.name for page in PAGES if blocks(page, "python")} == set(SHORTER)


def test_stable_baselines3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run_page("sb3.md", tmp_path, monkeypatch)
    assert names["model"].policy.features_extractor.cnn[0].coord_weight.abs().max() > 0
    names["env"].close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["atari.md", "not_so_clevr.md"])
def test_environments(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_page(name, tmp_path, monkeypatch)["env"].close()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # torch is installed
def test_the_lines_of_the_readme_run_where_nothing_but_they_need_is_installed(
    tmp_path: Path,
) -> None:
    (code,) = blocks(REPOSITORY / "README.md", "python")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    packages = [str(REPOSITORY), "ale-py", "opencv-python-headless"]
    pins = ["--constraint", str(REPOSITORY / "constraints.txt")]
    install = [python, "-m", "pip", "install", "--quiet", *pins, *packages]
    subprocess.run(install, check=True, cwd=tmp_path)
    subprocess.run([python, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.slow
def test_the_papers_failure_and_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run_page("paper.md", tmp_path, monkeypatch)
    plain, coordconv = (panel.get_title() for panel in names["panels"])
    assert plain in {f"DeconvPainter: test {percent}%" for percent in range(5)}
    assert coordconv == "CoordPainter: test 100%"
    assert (tmp_path / "where.png").stat().st_size > 5000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_page("deployment.md", tmp_path, monkeypatch)["error"] > 0


# Commands

FEW = "--hyperparams n_envs:2 n_steps:16"
SHORT = {
    "agents.train": f"-n 64 {FEW}",
    "agents.study": "--list",
    "agents.evaluate": "--n-eval-episodes 1",
    "agents.enjoy": "-n 8 -o shown.mp4",
    "agents.probe pictures": "--games Pong",
    "agents.probe learn": "--games Pong --arms pooled constant --seeds 1 --frames 64 --updates 2",
    "agents.probe read": "--frames 64",
}
"""What is added to commands, the last value of a flag being the one that counts."""
OF_OTHER_TOOLS = (" logs", "--source events", "returns.csv", "zoo-logs")
"""Comparisons of other tools' logs: tests/compare/reading runs them on such logs."""
ENVIRONMENT = """
import gymnasium as gym
import numpy as np

class MyEnv(gym.Env):
    observation_space = gym.spaces.Box(0, 255, (48, 48, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.integers(0, 256, (48, 48, 3), dtype=np.uint8), {}

    def step(self, action):
        return self.reset()[0], 1.0, bool(self.np_random.random() < 0.1), False, {}

class MyWrapper(gym.Wrapper):
    pass

gym.register("MyEnv-v0", MyEnv)
"""

SHORT_STUDY = """
env: [Seaquest, Pong]
env_kwargs: {max_frames: 100}
algo: [ppo]
arms: [standard, coord]
seeds: [0, 3]
n_timesteps: 128
hyperparams: {ppo: {n_envs: 2, n_steps: 16, batch_size: 32}}
comparison: {window: 0.9}
"""


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page, "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                command = re.sub(r"\s(#|> ).*", "", line).strip()
                module = re.match(
                    r"(?:\.venv/bin/)?python -m (agents\S*|coordrl\S*|envs\S*) ?", command
                )
                if module and not any(word in command for word in OF_OTHER_TOOLS):
                    yield page.name, command


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with closing(Forks(tmp_path_factory.mktemp("forks"))) as forks:
        yield forks


@pytest.fixture(scope="module")
def workplace(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with everything that the pages' commands speak of."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "my_package.py").write_text(ENVIRONMENT)
    (folder / "my_extractors.py").write_text(blocks(DOCS / "start.md", "python")[0])
    (folder / "mine.yaml").write_text(blocks(DOCS / "start.md", "yaml")[0])
    (folder / "short.yaml").write_text(SHORT_STUDY)
    run(forks, "agents.study short.yaml -f runs/mine", folder)
    return folder


def run(forks: Forks, command: str, folder: Path) -> str:
    """Run a command in a folder, as a shell would."""
    words = [
        str(found)
        for word in shlex.split(command)
        for found in (folder.glob(word) if "*" in word else [word])
    ]
    code, output = forks.run(words, folder)
    assert code == 0, f"{command}\n{output}"
    return output


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_every_command_is_understood(
    page: str, command: str, forks: Forks, workplace: Path, tmp_path: Path
) -> None:
    words = command.split("python -m ", 1)[1]
    shorter = [more for start, more in SHORT.items() if words.startswith(start)]
    shorter = ["--algo ppo"] if "--dry-run" in words else shorter
    trains = words.startswith(("agents.train", "agents.study"))
    run(forks, f"{words} {' '.join(shorter)} {f'-f {tmp_path}' if trains else ''}", workplace)


@pytest.mark.slow
def test_a_comparison_in_a_notebook(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run_page("comparison.md", workplace, monkeypatch)
    assert len(names["comparison"].to_frame()) == 4
    assert len(names["ax"].lines) >= 2


@pytest.mark.slow
def test_the_tutorial(forks: Forks, workplace: Path) -> None:
    text = (workplace / "mine.yaml").read_text()
    shorter = {"20_000": "128\nenv_kwargs: {max_frames: 100}", "seeds: 4": "seeds: 2", "0.2": "0.9"}
    for there, instead in shorter.items():
        assert there in text
        text = text.replace(there, instead)
    (workplace / "shorter.yaml").write_text(text)
    out = run(forks, f"agents.study shorter.yaml -f runs/short {FEW} batch_size:32", workplace)
    assert "small-coord" in out
    assert (workplace / "runs" / "short" / "comparison" / "report.html").exists()


# The site


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run([*build, DOCS, tmp_path], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
