from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from paper import training as shared
from paper.not_so_clevr.recipes import find_recipe
from paper.not_so_clevr.results import Result
from paper.not_so_clevr.training import Setting, Training
from paper.training import Evaluation
from tests.paper.cut_off import cut_off


def train(
    task: str, model: str = "coordconv", seed: int = 0, *, canvas: int = 32, epochs: int = 0
) -> tuple[Result, Training]:
    recipe = find_recipe(task, model, "default")
    recipe = replace(recipe, epochs=epochs or recipe.epochs)
    training = Training(Setting(task, model, "quadrant", seed, canvas, recipe), lambda _: None)
    return run(training), training


def run(training: Training) -> Result:
    training.train()
    return Result(**training.result()[0])


def test_coordconv_classifies_places_of_a_quadrant_that_it_never_saw() -> None:
    result, _ = train("classification", epochs=24)
    assert result.train["accuracy"] == result.test["accuracy"] == 1
    assert result.epochs == result.epochs_to_perfect < 24
    assert result.parameters == 7_553


@pytest.mark.slow
def test_coordconv_finds_places_of_a_quadrant_that_it_never_saw() -> None:
    result, _ = train("regression", epochs=20)
    assert result.test["largest_pixel_error"] < 0.5
    assert result.epochs == 20


@pytest.mark.slow
def test_a_plain_network_does_not() -> None:
    result, _ = train("classification", "plain", epochs=40)
    assert result.train["accuracy"] > 0.3
    assert result.test["accuracy"] < 0.05
    assert result.epochs_to_80 is None
    assert result.seconds_to_perfect is None


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("classification", "plain"),
        ("regression", "plain"),
        ("rendering", "plain"),
        ("regression", "coordconv"),
        pytest.param("classification", "coordconv", marks=pytest.mark.slow),
        pytest.param("rendering", "coordconv", marks=pytest.mark.slow),
    ],
)
def test_a_seed_decides_every_bit(task: str, model: str) -> None:
    first, again, other = (train(task, model, seed, epochs=1)[0] for seed in (3, 3, 4))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    for name, value in asdict(first).items():
        if "seconds" not in name and name != "history":
            assert asdict(again)[name] == value


@pytest.mark.parametrize(("task", "model"), [("regression", "coordconv"), ("rendering", "plain")])
def test_cut_off_between_epochs_it_ends_with_the_same_bits(
    task: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    whole, _ = train(task, model, epochs=2)
    recipe = replace(find_recipe(task, model, "default"), epochs=2)
    setting = Setting(task, model, "quadrant", 0, 32, recipe)
    cut_off(Training(setting, lambda _: None), 1, tmp_path)
    rest = Training(setting, lambda _: None)
    rest.train(tmp_path)
    assert rest.result()[0]["fingerprint"] == whole.fingerprint
    assert [e["test"] for e in rest.history] == [e["test"] for e in whole.history]


def test_batches_are_whole_however_they_are_computed() -> None:
    """The gradient of a batch does not depend on how many places are computed at a time."""
    gradients = []
    for at_once in (5, 16):
        recipe = replace(find_recipe("rendering", "coordconv", "default"), epochs=1)
        setting = Setting("rendering", "coordconv", "uniform", 0, 32, recipe)
        training = Training(setting, lambda _: None)
        training.task.at_once = at_once  # type: ignore[misc]  # of this instance
        training._backward(torch.arange(16))
        gradients.append([weight.grad for weight in training.network.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-3)


def test_l2_is_the_papers() -> None:
    recipe = replace(find_recipe("regression", "coordconv", "paper"), l2=0.5)
    training = Training(
        Setting("regression", "coordconv", "uniform", 0, 32, recipe), lambda _: None
    )
    training._backward(torch.arange(4))
    with_l2 = [
        weight.grad.clone() for weight in training.network.parameters() if weight.grad is not None
    ]
    training.network.zero_grad()
    training.recipe = replace(recipe, l2=0.0)
    training._backward(torch.arange(4))
    for weight, found in zip(training.network.parameters(), with_l2, strict=True):
        assert weight.grad is not None
        # Half the sum of squares has the weights themselves as its gradient; biases have none.
        expected = weight.grad + (weight.detach() if weight.ndim > 1 else 0)
        torch.testing.assert_close(found, expected)


def test_evaluations_are_reported_and_kept() -> None:
    reports: list[Evaluation] = []
    recipe = replace(find_recipe("classification", "plain", "default"), epochs=3, evaluate_every=2)
    setting = Setting("classification", "plain", "uniform", 0, 32, recipe)
    result = run(Training(setting, reports.append))
    assert [report["epoch"] for report in reports] == [2, 3]
    assert result.history == reports
    assert result.test["accuracy"] == reports[-1]["test"]


def test_the_record_has_the_answers_at_all_places() -> None:
    result, training = train("rendering", "plain", epochs=1)
    record = training.result()[1]
    assert record["answers"].nbytes == 576 * 32 * 32 / 8
    assert record["examples"].shape == (4, 32, 32)
    assert record["example_places"].tolist() == training.dataset.examples.tolist()
    assert result.score == "iou"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_papers_canvas(seed: int) -> None:
    result, _ = train("classification", seed=seed, canvas=64)
    assert result.train["accuracy"] == result.test["accuracy"] == 1
