"""An agent at play: its true score, its own random states, a picture in colour."""

from contextlib import closing
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from agents import train
from agents.play.agent import WEIGHTS
from agents.play.evaluation import Evaluation, evaluate_run
from agents.play.player import SCREEN_SIZE, Player
from agents.run.config import EVAL_SEED_OFFSET
from agents.run.folder import RunFolder
from common.command_line import run_command
from common.errors import UsageError

SEAQUEST = Path("Seaquest", "a2c", "standard", "seed-0")
CLEVR = Path("NotSoClevr-v0", "ppo", "pooled", "seed-0")
SEED = EVAL_SEED_OFFSET


def test_the_score_is_the_one_that_evaluation_finds(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs / SEAQUEST)
    one_game = Evaluation(n_eval_episodes=1, n_envs=1, deterministic=(False,))
    (record,) = evaluate_run(folder, one_game)["evaluations"]
    with closing(Player(folder, SEED)) as player:
        scores = []
        while not player.returns:
            scores.append(player.score)
            player.step()
        assert player.returns == record["returns"]
        assert player.score == 0
    # The running score rises in whole points, not in clipped ones, to the return of the game.
    assert max(scores) == scores[-1] == record["returns"][0]
    assert set(np.diff(scores)) == {0.0, 20.0}


def test_an_atari_game_is_shown_in_colour(finished_runs: Path) -> None:
    with closing(Player(RunFolder(finished_runs / SEAQUEST), SEED)) as player:
        before = player.picture()
        for _ in range(30):
            player.step()
        after = player.picture()
        assert player.fps == 15
    assert before.shape == after.shape == (SCREEN_SIZE, SCREEN_SIZE, 3)
    sea = after[SCREEN_SIZE // 2, SCREEN_SIZE // 2]
    assert sea[2] > 100 > sea[0]
    assert (before != after).any()


def test_an_agent_plays_the_same_alone_and_beside_others(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs / CLEVR)
    with closing(Player(folder, SEED)) as alone:
        for _ in range(40):
            alone.step()
    with closing(Player(folder, SEED)) as first, closing(Player(folder, SEED)) as second:
        for _ in range(40):
            first.step()
            second.step()
    assert first.returns == second.returns == alone.returns
    assert len(alone.returns) == 40
    with closing(Player(folder, SEED + 1)) as other:
        for _ in range(40):
            other.step()
    assert other.returns != alone.returns


@pytest.mark.parametrize("deterministic", [True, False])
def test_actions_are_greedy_or_drawn(finished_runs: Path, deterministic: bool) -> None:
    folder = RunFolder(finished_runs / CLEVR)
    evaluation = Evaluation(n_eval_episodes=40, n_envs=1, deterministic=(deterministic,))
    (record,) = evaluate_run(folder, evaluation)["evaluations"]
    with closing(Player(folder, SEED, deterministic)) as player:
        for _ in range(40):
            player.step()
    assert player.returns == record["returns"]


def test_settings_of_the_environment(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs / CLEVR)
    with closing(Player(folder, SEED, env_kwargs={"reward": "distance"})) as player:
        for _ in range(20):
            player.step()
    assert any(0 < value < 1 for value in player.returns)


def test_an_agent_that_cannot_be_loaded(finished_runs: Path) -> None:
    (finished_runs / SEAQUEST / WEIGHTS).write_bytes(b"")
    with pytest.raises(UsageError, match="is damaged"):
        Player(RunFolder(finished_runs / SEAQUEST), SEED)


class Dimming(gym.Env[np.ndarray, int]):
    """A coloured picture that gets darker in every step, eight steps an episode."""

    metadata = {"render_modes": []}  # noqa: RUF012 (Gymnasium's form)
    observation_space = spaces.Box(0, 255, (48, 40, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._picture(), {}

    def step(self, action):
        self.steps += 1
        return self._picture(), 0.5, self.steps == 8, False, {}

    def _picture(self):
        return np.full((48, 40, 3), (200, 100, 50), dtype=np.uint8) - np.uint8(self.steps)


class Rendered(Dimming):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def render(self):
        return np.full((30, 20, 3), self.steps, dtype=np.uint8)


@pytest.mark.filterwarnings("ignore:.*not in the possible render_modes")
@pytest.mark.parametrize("env_class", [Dimming, Rendered])
def test_any_environment_with_images(
    env_class: type[Dimming], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gym.registry, "Dim-v0", EnvSpec("Dim-v0", entry_point=env_class))
    flags = "--algo a2c --env Dim-v0 --arm pooled -n 20 --hyperparams n_envs:2 n_steps:5"
    assert run_command(train.main, [*flags.split(), "-f", str(tmp_path)]) == 0
    folder = RunFolder(tmp_path / "Dim-v0/a2c/pooled/seed-0")
    with closing(Player(folder, SEED)) as player:
        pictures = []
        for _ in range(11):
            pictures.append(player.picture())
            player.step()
        assert player.fps == (5 if env_class is Rendered else 30)
    assert player.returns == [4.0]
    assert player.score == 1.5
    if env_class is Rendered:
        assert [int(picture[0, 0, 0]) for picture in pictures] == [*range(8), 0, 1, 2]
    else:
        assert pictures[3].shape == (48, 40, 3)
        assert pictures[3][0, 0].tolist() == [197, 97, 47]
