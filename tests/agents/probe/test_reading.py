from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.probe.agents_page import save_agents_page
from agents.probe.command import main
from agents.probe.frames import Frames
from agents.probe.reading import FORMAT, PENALTIES, Ridge, best_penalties, fit, half_size
from agents.probe.verdicts import compare_agents
from common.command_line import run_command
from common.files import read_json, write_json
from tests.agents.runs import refused, small_run, trained


def test_a_linear_place_is_read_out_and_an_independent_one_is_not() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(600, 5))
    places = np.stack([40 + 3 * x[:, 0] - 2 * x[:, 3], 40 + generator.normal(size=600)], axis=1)
    places[::7, 0] = np.nan
    images = np.zeros((600, 1, 1, 1), np.uint8)
    frames = Frames(images, places, np.repeat(places[:, None], 4, axis=1))
    train, test = frames[np.arange(400)], frames[np.arange(400, 600)]
    found = fit(x[:400], train, x[400:], test)
    assert found.r2[0] > 0.999
    assert found.pixels[0] < 0.05
    assert abs(found.r2[1]) < 0.1


def test_a_ridge_regression_is_that_of_the_normal_equations() -> None:
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(50, 3)), generator.normal(size=(50, 2))
    penalties = np.array([0.3, 2.0])
    centred = x - x.mean(0)
    found = Ridge(x, y).predict(x, penalties)
    for column, penalty, targets in zip(found.T, penalties, y.T, strict=True):
        stacked = np.concatenate([centred, np.sqrt(penalty * 50) * np.eye(3)])
        standard = (targets - targets.mean()) / targets.std()
        target = np.concatenate([standard, np.zeros(3)])
        weights = np.linalg.lstsq(stacked, target, rcond=None)[0]
        assert column == pytest.approx(centred @ weights * targets.std() + targets.mean())


def test_each_penalty_is_what_serves_games_left_out() -> None:
    generator = np.random.default_rng(2)
    games = np.arange(160) % 8
    x = generator.normal(size=(160, 60))
    y = np.stack([generator.normal(size=160), x[:, :3] @ [1.0, 2.0, 3.0]], axis=1)
    independent, linear = best_penalties(x, y, games)
    assert independent >= 10
    assert linear == min(PENALTIES)
    one_game = np.zeros(160, dtype=int)
    assert best_penalties(x, y, one_game).tolist() == [max(PENALTIES)] * 2


def test_the_command_reads_out_of_a_trained_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(small_run("a2c", "keypoints", env="Pong"), tmp_path / "runs")
    found = tmp_path / "found"
    path = found / "Pong" / "a2c" / "keypoints" / "seed-0.json"
    path.parent.mkdir(parents=True)
    weights = run.record["fingerprints"]["64"]
    before = {"format": FORMAT, "weights": weights, "n_frames": 80, "probe_seed": 0}
    write_json(path, before)  # of fewer frames
    arguments = ["read", str(run.path), "--frames", "160", "--output", str(found)]
    assert run_command(main, arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split(", ")[1:] for line in lines[:6]] == [
        [f"{frames} frames", what]
        for frames in ("own", "random")
        for what in ("trained", "untrained", "image")
    ]
    record = read_json(path)
    assert record["n_frames"] == 160
    assert record["coordinates"] == ["player y", "enemy y", "ball x", "ball y"]
    for frames in (record["own"], record["random"]):
        assert frames["trained"] != frames["untrained"] != frames["image"]
        assert 0 <= frames["n_identical_left_out"] < 160
    assert record["own"]["image"] != record["random"]["image"]
    written = read_json(found / "results.json")
    assert [one["arm"] for one in written["agents"]] == ["keypoints"]
    [comparison] = written["comparisons"]
    assert comparison["name"] == "Pong, a2c: keypoints and keypoints untrained, own frames"
    assert comparison["verdict"] == "inconclusive"
    written_at = path.stat().st_mtime_ns
    assert run_command(main, arguments) == 0
    assert capsys.readouterr().out.splitlines()[:6] == lines[:6]
    assert path.stat().st_mtime_ns == written_at
    assert lines[-1] == f"page: {found / 'index.html'}"
    page = (found / "index.html").read_text()
    assert "keypoints and keypoints untrained, own frames: skill" in page
    skill = record["random"]["trained"]["skill"]
    assert f'<td class="nowrap">{skill:.2f}</td>' in page


def test_a_run_of_a_game_whose_objects_are_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(small_run("a2c", "pooled", env="Tennis"), tmp_path / "runs")
    assert "no run is of a game whose objects are known" in refused(
        main, ["read", str(run.path)], capsys
    )


def agent(game: str, arm: str, seed: int, own: float, random: float) -> dict[str, Any]:
    untrained = {"skill": 0.5 + seed / 1000}
    frames = {
        name: {"trained": {"skill": skill + seed / 1000}, "untrained": untrained}
        for name, skill in (("own", own), ("random", random))
    }
    return {"game": game, "algo": "a2c", "arm": arm, "seed": seed, **frames}


def test_agents_are_compared_with_untrained_networks_and_with_their_controls() -> None:
    """Trained with untrained where the agent plays, arms where none of them does."""
    results = [
        agent(game, arm, seed, own, random)
        for game in ("Pong", "Breakout")
        for seed in range(6)
        for arm, own, random in (("standard", 0.6, 0.3), ("coord", 0.4, 0.3))
    ]
    found = compare_agents(results)
    assert {one.name: one.verdict for one in found} == {
        f"{game}, a2c: {pair}": verdict
        for game in ("Breakout", "Pong")
        for pair, verdict in (
            ("coord and coord untrained, own frames", "worse"),
            ("standard and standard untrained, own frames", "better"),
            ("coord and standard, random play", "equivalent"),
        )
    }
    # A family is of a game: its p-values are those that it has alone.
    alone = compare_agents([row for row in results if row["game"] == "Pong"])
    assert alone == [one for one in found if one.name.startswith("Pong")]


def test_images_at_half_size_are_means_of_squares() -> None:
    images = np.arange(2 * 4 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 4)
    places = np.zeros((2, 1))
    [first, _] = half_size(Frames(images, places, places[:, None]))
    assert first.tolist() == [
        images[0, -1, r : r + 2, c : c + 2].mean() for r in (0, 2) for c in (0, 2)
    ]


def test_a_run_that_is_there_twice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [trained(small_run("a2c", "pooled", env="Pong"), tmp_path / name) for name in "ab"]
    message = refused(main, ["read", *(str(run.path) for run in runs)], capsys)
    assert "Pong/a2c/pooled/seed-0 is there twice" in message


def test_the_page_has_means_of_skill_and_of_pixels(tmp_path: Path) -> None:
    results = [agent("Pong", arm, seed, 0.6, 0.3) for arm in ("coord", "pooled") for seed in (0, 4)]
    for row in results:
        row |= {"coordinates": ["ball x"], "builds": {"torch": "2.13.0"}}
        for frames in (row["own"], row["random"]):
            frames["image"] = {"skill": None}
            for read in frames.values():
                read["pixels"] = [row["seed"]]
    page = save_agents_page(results, compare_agents(results), 0, tmp_path).read_text()
    cells = '<td class="nowrap">0.60 (0.60 to 0.60)</td><td class="nowrap">0.50 (0.50 to 0.50)</td>'
    assert (
        f'<td class="nowrap">coord</td><td class="nowrap">2</td>{cells}<td class="nowrap">-<'
        in page
    )
    assert page.count('<td class="nowrap">2.00 (0.00 to 4.00)</td>') == 2 * 6
    assert page.count("untrained, own frames: skill 0.60 and 0.50") == 2
    assert "torch 2.13.0 (4 agents)" in page
    assert "No verdicts" not in page
    assert save_agents_page(results, compare_agents(results), 0, tmp_path).read_text() == page
    incomplete = save_agents_page(results, [], 3, tmp_path).read_text()
    assert "could not be read: 3. No verdicts" in incomplete
