"""Published scores for logs of Atari games: for returns of games, and for no other game."""

from pathlib import Path

import pytest

import coordrl.compare
import envs
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.atari import published_scores
from coordrl.compare.reading.formats.table import COLUMNS
from coordrl.compare.reading.study import Request, read_study
from envs.games import all_games, reference_scores

DATA = Path("data", "atari_human_random.csv")


def test_both_copies_are_one():
    copies = [Path(module.__file__).parent / DATA for module in (coordrl.compare, envs)]
    assert copies[0].read_bytes() == copies[1].read_bytes()


@pytest.mark.parametrize(
    "form",
    ["{}NoFrameskip-v4", "{}Deterministic-v4", "{}-v4", "ALE/{}-v5", "ALE-{}-v5", "{}-v5"],
)
def test_every_id_of_every_game(form):
    known = 0
    for game in all_games():
        expected = reference_scores(game.name)
        found = published_scores(form.format(game.name))
        assert found == expected
        known += found is not None
    assert known == 57


@pytest.mark.parametrize(
    "name",
    ["CartPole-v1", "Breakout-v0", "MinAtar/Breakout-v1", "Pong", "unstated", "Chess-v4"],
)
def test_other_games_have_none(name):
    assert published_scores(name) is None


def write_table(path: Path, game: str) -> Path:
    rows = [
        (game, "ppo", arm, seed, step, -21 + 0.1 * seed)
        for arm in ("standard", "coord")
        for seed in range(5)
        for step in range(10, 510, 10)
    ]
    path.write_text("\n".join(",".join(map(str, row)) for row in [COLUMNS, *rows]) + "\n")
    return path


def test_a_table_of_agents_that_learn_nothing_is_uninformative(tmp_path):
    study = read_study(write_table(tmp_path / "table.csv", "ALE/Pong-v5"))
    (note,) = [note for note in study.notes if "published" in note]
    assert note.endswith("unclipped rewards: ALE/Pong-v5")
    (group,) = compare(study).groups
    assert (group.random_score, group.human_score) == (-20.7, 14.6)
    assert group.contrasts[0].verdict == "uninformative"


def test_means_over_games_are_not_held_against_scores_of_games(logs: Path):
    request = Request(pattern="{arm}/seed-{seed}", source="progress")
    for name in ("standard", "coord"):
        (logs / name).rename(logs / f"x{name}")
    root = logs.rename(logs.with_name("PongNoFrameskip-v4"))
    pattern = "{game}/x{arm}/seed-{seed}"
    study = read_study(root, request=Request(pattern=pattern, source=request.source))
    assert {run.key.game for run in study.runs} == {"PongNoFrameskip-v4"}
    assert {run.reference_scores is None for run in study.runs} == {True}
    games = read_study(root, request=Request(pattern=pattern, source="evaluations"))
    assert {str(run.reference_scores) for run in games.runs} == {
        str({"random": -20.7, "human": 14.6})
    }
