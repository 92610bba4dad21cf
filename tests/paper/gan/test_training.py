"""Trainings and a page so small that only their machinery is seen."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import pytest
import torch

from common.errors import UsageError
from coordrl.compare.statistics.families import Comparison, Samples, compare
from paper import training as shared
from paper.gan import painting, reproduction, summary
from paper.gan.autoencoder import Autoencoder
from paper.gan.command import main
from paper.gan.data import Shapes, draw_shapes
from paper.gan.measures import measure
from paper.gan.painting import Painting, Setting
from paper.gan.summary import SHOWN
from paper.gan.training import RECIPES, Adversaries
from paper.reproduction import Planned
from paper.results import Result, load, load_arrays
from paper.study import Run
from tests.paper.committed import check_verdicts
from tests.paper.cut_off import cut_off

SETTING = Setting("coord-gd", "paper", seed=1, canvas=16, width=2, z=4, iterations=6)


@pytest.fixture(autouse=True, scope="module")
def few_samples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painting, "N_SAMPLES", 50)
        yield


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return draw_shapes(16, 64)


def adversaries(shapes: Shapes, setting: Setting = SETTING) -> Adversaries:
    return Adversaries(setting, shapes, lambda _: None)


def any_kind(shapes: Shapes, setting: Setting) -> Painting:
    kind = Autoencoder if setting.recipe == "vae" else Adversaries
    return kind(setting, shapes, lambda _: None)


@pytest.mark.parametrize("arm", ["plain", "coord-gd"])
@pytest.mark.parametrize("recipe", [*RECIPES, "vae"])
def test_cut_off_anywhere_it_ends_with_the_same_bits(
    arm: str, recipe: str, shapes: Shapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = replace(SETTING, arm=arm, recipe=recipe)
    whole = any_kind(shapes, setting)
    whole.train()
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    for stop in (1, 5):
        cut_off(any_kind(shapes, setting), stop, tmp_path)
    rest = any_kind(shapes, setting)
    rest.train(tmp_path)
    assert rest.history == whole.history
    assert rest.result()[0]["fingerprint"] == whole.result()[0]["fingerprint"]


def test_what_the_discriminator_sees_is_the_recipes(shapes: Shapes) -> None:
    logits = torch.tensor([-3.0, 0.5, 3.0])
    for arm, recipe, seen in (
        ("plain", "paper", logits.tanh()),
        ("coord-gd", "paper", logits),
        ("coord-g", "paper", logits),
        ("coord-gd", "stable", logits.tanh()),
    ):
        training = adversaries(shapes, replace(SETTING, arm=arm, recipe=recipe))
        assert torch.equal(training._shown(logits), seen)


def test_the_papers_recipe_takes_two_steps_of_the_generator(shapes: Shapes) -> None:
    for recipe, steps in (("paper", 2), ("stable", 1)):
        training = adversaries(shapes, replace(SETTING, recipe=recipe, iterations=3))
        training.train()
        states = {name: one.state_dict() for name, one in training.optimizers.items()}
        assert states["generator"]["state"][0]["step"] == 3 * steps
        assert states["discriminator"]["state"][0]["step"] == 3
        assert states["generator"]["param_groups"][0]["lr"] == RECIPES[recipe].rates[1]


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_network_learns_where_the_other_does_not(recipe: str, shapes: Shapes) -> None:
    training = adversaries(shapes, replace(SETTING, width=4, recipe=recipe))
    real = shapes.paint(torch.arange(16))
    z = 2 * torch.rand(16, 4) - 1
    before = [weight.clone() for weight in training.generator.parameters()]
    of_discriminator = [training._train_discriminator(real, z, k) for k in range(80)]
    assert of_discriminator[-1] < 0.7 * of_discriminator[0]
    assert all(map(torch.equal, before, training.generator.parameters()))
    before = [weight.clone() for weight in training.discriminator.parameters()]
    of_generator = [training._train_generator(z) for _ in range(40)]
    assert of_generator[-1] < 0.9 * of_generator[0]
    assert all(map(torch.equal, before, training.discriminator.parameters()))


def test_an_autoencoder_restores_what_it_has_seen(shapes: Shapes) -> None:
    few = Shapes(16, shapes.centres[:16], shapes.circles[:16])
    setting = replace(SETTING, arm="plain", recipe="vae", width=4, iterations=300)
    training = Autoencoder(setting, few, lambda _: None)
    training.train()
    assert training.history[-1]["loss"] < 0.8 * training.history[0]["loss"]
    assert 0 <= training.scores()["restored"] <= 1


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, few_samples: None) -> Path:
    output = tmp_path_factory.mktemp("study") / "gan"
    output.mkdir()
    (output / ".lock").touch()  # as a reproduction's own
    with pytest.MonkeyPatch.context() as patch:
        size = reproduction._QUICK._replace(width=2, z=4, iterations=dict.fromkeys(SHOWN, 2))
        patch.setattr(reproduction, "_QUICK", size)
        for one in reproduction.plan(quick=True):
            assert main([*one.arguments, "--output", str(one.folder(output))]) == 0
        assert main(["reproduce", "--quick", "--output", str(output)]) == 0
    return output


def test_the_page_stands_alone(finished: Path) -> None:
    text = (finished / "index.html").read_text()
    assert not re.search(r"(?:src|href)=[\"']?https?:", text)
    assert text.count("data:image/png;base64,") == 3
    assert text.count("data:image/webp;base64,") == 1
    assert len((finished / "results.md").read_text().splitlines()) == 2 + 6
    results = [load(path.parent) for path in finished.glob("runs/**/result.json")]
    assert len(results) == 12
    assert all(result is not None and result.fingerprint in text for result in results)


def test_the_full_study_is_planned_as_the_docs_say() -> None:
    planned: list[Planned] = reproduction.plan(quick=False)
    assert len({one.name for one in planned}) == len(planned) == 30


def comparison(name: str, plain: float, coordconv: float, noise: float = 0.02) -> Comparison:
    seeds = [noise * (k - 2) for k in range(5)]
    scores = [plain + one for one in seeds], [coordconv + one for one in seeds]
    (found,) = compare([Samples(name, *scores, margin=summary.MARGIN)])
    return found


@pytest.mark.parametrize(
    ("papers", "stable", "verdict"),
    [
        ((1.0, 3.0), (3.5, 3.8), "reproduced"),
        ((1.0, 3.0), (3.9, 3.6), "reproduced only with the paper's recipe"),
        ((1.0, 1.0), (3.5, 3.8), "not reproduced"),
        ((3.0, 1.0), (3.5, 3.8), "not reproduced"),
    ],
)
def test_the_rule(papers: tuple[float, float], stable: tuple[float, float], verdict: str) -> None:
    found = [comparison("paper recipe", *papers), comparison("stable recipe", *stable)]
    assert summary.claim(found) == verdict
    assert summary.claim(found[:1]) == "undecided"
    assert verdict in summary.RULE or verdict == "reproduced"


def runs_of(recipe: str, valid: dict[str, float]) -> list[Run]:
    """Make runs of which CoordConv's have the larger spread."""
    runs = []
    for seed, (arm, part) in product(range(5), valid.items()):
        setting = asdict(replace(SETTING, arm=arm, recipe=recipe, seed=seed))
        scores = {"spread": 1.0 + 2 * (arm == "coord-gd") + seed / 100, "valid": part}
        result = Result(setting, "", {}, 1, scores, [], 0.0, "", {})
        runs.append(Run(Planned("", "", (), {}), result, Path()))
    return runs


def test_a_spread_of_hardly_any_valid_pictures_counts_for_neither_side() -> None:
    runs = runs_of("paper", {"plain": 1.0, "coord-gd": 0.09})
    right = runs_of("stable", {"plain": 0.0, "coord-gd": 0.11})
    papers, stable = found = summary.comparisons(runs + right)
    assert (papers.verdict, stable.verdict) == ("uninformative", "better")
    assert papers.ratio is None
    assert summary.claim(found) == "undecided"


@pytest.mark.parametrize("recipe", [*RECIPES, "vae"])
def test_a_training_that_diverges_fails(recipe: str, shapes: Shapes) -> None:
    training = any_kind(shapes, replace(SETTING, recipe=recipe))
    with torch.no_grad():
        next(training.partner.parameters()).fill_(torch.inf)
    with pytest.raises(UsageError, match="the training has diverged"):
        training.train()


def test_what_it_paints_can_be_measured_again(finished: Path) -> None:
    result = next(finished.glob("runs/**/paper/plain/seed-0/result.json"))
    loaded, arrays = load(result.parent), load_arrays(result.parent)
    assert loaded is not None
    setting = Setting(**loaded.setting)
    training = adversaries(draw_shapes(setting.canvas), setting)
    prefix = "generator."
    weights = {name.removeprefix(prefix): torch.from_numpy(a) for name, a in arrays.items()}
    weights = {name: weights[name] for name in training.generator.state_dict()}
    training.generator.load_state_dict(weights)
    found = measure(training.samples())
    assert {name: loaded.scores[name] for name in found} == found


def test_noise_decides_nothing() -> None:
    noisy = comparison("paper recipe", 1.0, 1.05, noise=0.5)
    assert summary.claim([noisy, comparison("stable recipe", 3.5, 3.8)]) == "undecided"


# The committed results


def test_the_verdicts_follow_from_the_committed_trainings_and_the_docs_say_so() -> None:
    planned = reproduction.plan(quick=False, device="cuda")
    check_verdicts("gan", planned, summary, "{} plain and {} CoordConv, a difference of")
