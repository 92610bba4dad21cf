"""The small study, on 8 x 8 digits."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common.errors import UsageError
from coordrl.compare.statistics.families import Comparison, Samples, compare
from paper import training as shared
from paper.idx import Labelled, read_part
from paper.imagenet import reproduction, summary
from paper.imagenet.command import DATA, main
from paper.imagenet.fashion import CANVAS, Fashion, Setting
from paper.results import Result
from paper.study import Run, finding
from tests.paper.committed import check_verdicts
from tests.paper.cut_off import cut_off
from tests.paper.digits import write_digits

SETTING = Setting("coordconv8", "anywhere", seed=1, epochs=1)
Parts = tuple[Labelled, Labelled]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits"), 1_280, 200)


@pytest.fixture(scope="module")
def parts(digits: Path) -> Parts:
    return read_part(digits, "train"), read_part(digits, "test")


def fashion(parts: Parts, setting: Setting = SETTING) -> Fashion:
    return Fashion(setting, *parts, lambda _: None)


def test_images_are_anywhere_on_the_canvas_and_whole(parts: Parts) -> None:
    which = torch.arange(100)
    training = fashion(parts)
    placed = training._place(parts[0], which, (0, 1))
    assert placed.shape == (100, 1, CANVAS, CANVAS)
    assert torch.equal(placed, training._place(parts[0], which, (0, 1)))
    assert not torch.equal(placed, training._place(parts[0], which, (0, 2)))
    ink = (placed - placed.min()).sum(dim=(1, 2, 3))
    centred = fashion(parts, replace(SETTING, place="centred"))._place(parts[0], which, (0,))
    assert centred.shape == (100, 1, 8, 8)
    torch.testing.assert_close((centred - placed.min()).sum(dim=(1, 2, 3)), ink)
    seen = (placed > placed.min()).any(dim=0)[0]
    assert seen.any(dim=0).sum() > 30  # columns
    assert seen.any(dim=1).sum() > 30


def test_digits_are_learned(parts: Parts) -> None:
    training = fashion(parts, replace(SETTING, place="centred", epochs=3))
    training.train()
    assert training.result()[0]["scores"]["accuracy"] > 0.8


def test_cut_off_anywhere_it_ends_with_the_same_bits(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Labelled(parts[0].images[:384], parts[0].labels[:384]), parts[1]
    whole = fashion(few)
    whole.train()
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    cut_off(fashion(few), 2, tmp_path)
    rest = fashion(few)
    rest.train(tmp_path)
    assert rest.history == whole.history
    assert rest.result()[0]["fingerprint"] == whole.result()[0]["fingerprint"]


def test_the_page_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = write_digits(tmp_path / "digits", 256, 50)
    monkeypatch.setattr(reproduction, "_QUICK", ((1, 2),))
    output = tmp_path / "study"
    output.mkdir()
    (output / ".lock").touch()  # as a reproduction's own
    planned = reproduction.plan(quick=True, data=small)
    for one in planned:
        assert main([*one.arguments, "--output", str(one.folder(output))]) == 0
    command = ["reproduce", "--quick", "--data", str(small), "--output", str(output)]
    assert main(command) == 0
    text = (output / "index.html").read_text()
    assert not re.search(r"(?:src|href)=[\"']?https?:", text)
    assert text.count("data:image/png;base64,") == 1
    assert len((output / "results.md").read_text().splitlines()) == 2 + 4
    assert len(reproduction.plan(quick=False, data=small)) == 40


def seen(training: Fashion) -> list[torch.Tensor]:
    """Let what the network sees be kept."""
    images: list[torch.Tensor] = []
    training.network.register_forward_pre_hook(lambda _, inputs: images.append(inputs[0].clone()))
    return images


def test_places_of_the_test_are_the_same_for_all_and_those_of_training_for_both_arms(
    parts: Parts,
) -> None:
    tested, trained = [], []
    for arm, seed in ((summary.CONTROL, 1), (summary.COORDCONV, 1), (summary.COORDCONV, 2)):
        training = fashion(parts, replace(SETTING, arm=arm, seed=seed))
        images = seen(training)
        training._accuracy()
        tested.append(torch.cat(images))
        images.clear()
        training.step(0)
        trained.append(torch.cat(images))
    assert torch.equal(tested[0], tested[1])
    assert torch.equal(tested[0], tested[2])
    assert torch.equal(trained[0], trained[1])
    assert not torch.equal(trained[0], trained[2])


def test_finished_trainings_of_other_data_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, others = (write_digits(tmp_path / str(n), n, 50) for n in (256, 128))
    monkeypatch.setattr(reproduction, "_QUICK", ((1, 1),))
    output = tmp_path / "study"
    output.mkdir()
    (output / ".lock").touch()
    first = reproduction.plan(quick=True, data=some)[0]
    assert main([*first.arguments, "--output", str(first.folder(output))]) == 0
    with pytest.raises(UsageError, match=r"of other data: give another --output"):
        main(["reproduce", "--quick", "--data", str(others), "--output", str(output)])


def comparison(place: str, difference: float, noise: float = 0.001) -> Comparison:
    seeds = [0.9 + noise * (k - 4.5) for k in range(10)]
    scores = seeds, [one + difference for one in seeds]
    (found,) = compare([Samples(place, *scores, margin=summary.MARGIN)])
    return found


@pytest.mark.parametrize(
    ("centred", "anywhere", "verdict"),
    [
        (0.0, 0.0, "holds here"),
        (0.0, 0.002, "holds here"),
        (0.02, 0.0, "does not hold here"),
        (0.0, -0.02, "does not hold here"),
    ],
)
def test_the_rule(centred: float, anywhere: float, verdict: str) -> None:
    found = [comparison("centred", centred), comparison("anywhere", anywhere)]
    assert summary.claim(found) == verdict
    assert f"{verdict} if" in summary.RULE


def test_a_difference_counts_unless_it_is_shown_to_be_small() -> None:
    equal = comparison("centred", 0.0)
    small = comparison("anywhere", 0.003, noise=0.0005)
    assert small.p <= 0.05
    assert small.verdict == "negligible"
    assert summary.claim([equal, small]) == "holds here"
    # Its interval ends beyond the margin, and may be less.
    unknown = comparison("anywhere", 0.004)
    assert unknown.verdict == "better"
    assert summary.claim([equal, unknown]) == "does not hold here"


def test_noise_decides_nothing() -> None:
    found = [comparison("centred", 0.0), comparison("anywhere", 0.002, noise=0.01)]
    assert summary.claim(found) == "undecided"
    assert summary.claim(found[:1]) == "undecided"


def test_coordinates_are_compared_with_the_control(tmp_path: Path) -> None:
    accuracies = {"conv8": 0.9, "coordconv8": 0.95}
    runs = []
    for one in reproduction.plan(quick=False, data=tmp_path):
        setting = one.expected["setting"]
        scores = {"accuracy": accuracies[setting["arm"]] + setting["seed"] / 1000}
        runs.append(Run(one, Result(setting, "", {}, 1, scores, [], 0.0, "", {}), tmp_path))
    found = summary.comparisons(runs)
    assert [(one.name, one.seeds, one.verdict) for one in found] == [
        ("centred", (10, 10), "better"),
        ("anywhere", (10, 10), "better"),
    ]
    assert found[0].difference == pytest.approx(0.05)
    text = finding(found[0], summary.TABLE)
    assert text.startswith("centred: accuracy .9045 conv8, .9545 coordconv8, difference .0500 (")
    assert "margin .0050" in text


# The committed results


def test_the_verdicts_follow_from_the_committed_trainings_and_the_docs_say_so() -> None:
    planned = reproduction.plan(quick=False, data=DATA)
    runs = check_verdicts("imagenet", planned, summary, "{} without coordinates and {} with them")
    assert {run.result.data for run in runs} == {"16d82e2b505296aa 9f1ec356a747bfe4"}
