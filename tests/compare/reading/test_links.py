"""Links: refused in a line, or followed where the user asks for it; never dropped, never twice."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.folders import Walk
from coordrl.compare.reading.runs import Study
from coordrl.compare.reading.study import Request, read_study
from tests.compare.run_folders import write_run

FOLLOW = Request(follow_links=True)


@pytest.fixture
def spread(tmp_path: Path) -> Path:
    """Return a folder with one seed of each arm, and links to the other on a disk of its own."""
    for arm in ("standard", "coord"):
        write_run(tmp_path / "runs", "Pong", "ppo", arm, 0, 1.0)
        disk = write_run(tmp_path / "disk", "Pong", "ppo", arm, 1, 2.0)
        (tmp_path / "runs" / "Pong" / "ppo" / arm / "seed-1").symlink_to(disk)
    return tmp_path / "runs"


def seeds(study: Study) -> list[tuple[str, int]]:
    return sorted((run.key.arm, run.key.seed) for run in study.runs)


EVERY = [("coord", 0), ("coord", 1), ("standard", 0), ("standard", 1)]


def test_a_link_is_refused_in_a_line_that_says_what_to_do(spread):
    with pytest.raises(CompareError, match=r"seed-1 is a link to .*disk.*: add --follow-links to"):
        read_study(spread)


def test_links_are_followed_where_that_is_asked_for(spread):
    study = read_study(spread, request=FOLLOW)
    assert seeds(study) == EVERY
    (note,) = study.notes
    assert "links were followed: Pong/ppo/" in note
    assert str(spread.parent / "disk") in note
    assert study.declared.arguments == ("runs", "--follow-links")


def test_what_the_user_names_may_be_a_link(spread, tmp_path):
    (tmp_path / "named").symlink_to(tmp_path / "disk")
    assert seeds(read_study(tmp_path / "named")) == [("coord", 1), ("standard", 1)]


def test_loops_end_and_every_run_counts_once(spread):
    (spread / "loop").symlink_to(spread)
    (spread / "again").symlink_to(spread / "Pong" / "ppo")
    (spread.parent / "disk" / "back").symlink_to(spread)
    (spread / "disk").symlink_to(spread.parent / "disk")
    study = read_study(spread, request=FOLLOW)
    assert seeds(study) == EVERY
    assert all(run.name.startswith("Pong/") for run in study.runs if run.key.seed == 0)
    assert any("counted once" in note for note in study.notes)


def test_many_links_among_each_other_do_not_take_for_ever(tmp_path):
    folders = [tmp_path / "all" / str(number) for number in range(12)]
    for folder in folders:
        folder.mkdir(parents=True)
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    assert len(list(Walk(tmp_path / "all", follow_links=True))) <= 2 * 13


def test_a_link_to_nothing_is_an_error(spread):
    (spread / "seed-9").symlink_to(spread.parent / "not-mounted")
    for request in (Request(), FOLLOW):
        with pytest.raises(CompareError, match=r"seed-9 is a link to .*, where no folder is"):
            read_study(spread / "..", request=request)


def test_links_within_a_run_do_not_matter(study):
    root = study({("Pong", "ppo", arm): [1.0, 2.0] for arm in ("standard", "coord")})
    (root / "Pong" / "ppo" / "coord" / "seed-0" / "wandb").symlink_to(root)
    assert len(read_study(root).runs) == 4


@pytest.mark.parametrize("name", ["run.json", "episodes.csv"])
@pytest.mark.parametrize("request_", [Request(), FOLLOW])
def test_files_of_a_run_are_not_read_through_links(study, tmp_path, name, request_):
    root = study({("Pong", "ppo", arm): [1.0, 2.0] for arm in ("standard", "coord")})
    file = root / "Pong" / "ppo" / "coord" / "seed-0" / name
    elsewhere = shutil.move(file, tmp_path / name)
    file.symlink_to(elsewhere)
    (missing,) = read_study(root, request=request_).missing
    assert missing.reason == f"{name} is a link: files are not read through links"


@pytest.mark.parametrize("name", ["../other/seed-0", "/etc", "Pong/../../x"])
def test_a_study_lists_nothing_outside_its_folder(study, name):
    root = study({("Pong", "ppo", "standard"): [1.0]}, runs=[name])
    with pytest.raises(CompareError, match="does not lie below"):
        read_study(root)


def test_a_study_lists_links_like_any_folder(spread):
    (spread / "study.json").write_text(
        '{"format": 1, "name": "x", "comparison": {}, "runs": ["Pong/ppo/coord/seed-1"]}'
    )
    with pytest.raises(CompareError, match="add --follow-links"):
        read_study(spread)
    study = read_study(spread, request=FOLLOW)
    assert seeds(study) == [("coord", 1)]
    assert len(study.missing) == 3  # not listed


def test_logs_are_followed_and_the_arm_that_the_link_says_counts(logs: Path):
    pool = logs.parent / "all" / "pool"
    pool.mkdir(parents=True)
    root = pool.parent
    for arm in ("standard", "coord"):
        for seed in (0, 1):
            (root / arm).mkdir(exist_ok=True)
            run = shutil.move(logs / arm / f"seed-{seed}", pool / f"{arm}{seed}")
            (root / arm / f"seed-{seed}").symlink_to(run)
    pattern = "{arm}/seed-{seed}"
    with pytest.raises(CompareError, match="add --follow-links"):
        read_study(root, request=Request(pattern=pattern))
    study = read_study(root, request=Request(pattern=pattern, follow_links=True))
    assert seeds(study) == EVERY
    assert study.missing == ()


def test_one_run_linked_as_two_is_said(logs: Path):
    (logs / "coord" / "seed-7").symlink_to(logs / "coord" / "seed-1")
    request = Request(pattern="{arm}/seed-{seed}", follow_links=True)
    study = read_study(logs, request=request)
    assert seeds(study) == EVERY
    assert any("seed-7 as coord/seed-1" in note for note in study.notes)


def test_zoo_records_are_not_read_through_links(zoo_logs: Callable[[str], Path], tmp_path: Path):
    root = zoo_logs("coord")
    about = root / "ppo" / "CartPole-v1_2" / "CartPole-v1"
    about.symlink_to(shutil.move(about, tmp_path / "elsewhere"))
    (missing,) = read_study(root).missing
    assert missing.reason.startswith("CartPole-v1 is a link")
