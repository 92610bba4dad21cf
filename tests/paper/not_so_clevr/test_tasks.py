import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from paper.not_so_clevr.data import Dataset
from paper.not_so_clevr.networks import initialise
from paper.not_so_clevr.recipes import Recipe, find_recipe
from paper.not_so_clevr.tasks import Task, make_task

DATASET = Dataset("quadrant", 32)
SOME = torch.tensor([0, 7, 300, 575])


def task(name: str, model: str = "coordconv", recipe: Recipe | None = None) -> Task:
    return make_task(name, DATASET, model, recipe or find_recipe(name, model, "default"))


def test_right_pixels_have_accuracy_one() -> None:
    assert task("classification").measures(DATASET.pixels[SOME], SOME) == {
        "accuracy": 1.0,
        "pixel_error": 0.0,
        "largest_pixel_error": 0.0,
    }


def test_a_wrong_pixel_is_as_wrong_as_it_is_far() -> None:
    answers = DATASET.pixels[SOME].clone()
    answers[1] += 3 * 32 + 4
    measures = task("classification").measures(answers, SOME)
    assert measures == {"accuracy": 0.75, "pixel_error": 1.25, "largest_pixel_error": 5.0}


def test_places_are_right_within_half_a_pixel() -> None:
    answers = DATASET.places[SOME].float()
    answers += torch.tensor([[0.3, 0.3], [0.4, 0.4], [0.0, 0.0], [-0.2, 0.0]])
    measures = task("regression").measures(answers, SOME)
    assert measures["accuracy"] == 0.75
    assert measures["largest_pixel_error"] == pytest.approx(0.32**0.5)


def test_iou_of_squares_one_pixel_apart() -> None:
    squares = DATASET.squares(SOME)[:, 0] > 0
    assert task("rendering").measures(squares, SOME) == {"iou": 1.0, "smallest_iou": 1.0}
    moved = squares.clone()
    moved[0] = moved[0].roll(1, dims=0)
    measures = task("rendering").measures(moved, SOME)
    assert measures["smallest_iou"] == pytest.approx(72 / 90)
    assert measures["iou"] == pytest.approx((3 + 72 / 90) / 4)


@pytest.mark.parametrize("model", ["plain", "coordconv"])
def test_losses_are_the_papers(model: str) -> None:
    torch.manual_seed(0)
    for name in ("classification", "regression", "rendering"):
        one = task(name, model)
        network = one.network().eval()
        initialise(network)
        with torch.no_grad():
            loss = one.loss(network, SOME)
            if name == "regression":
                answer = network(DATASET.one_hot(SOME))
                expected = F.mse_loss(answer, DATASET.places[SOME] / 32)
            elif name == "classification":
                logits = network(DATASET.inputs[SOME]).flatten(1)
                expected = F.cross_entropy(logits, DATASET.pixels[SOME])
            else:
                squares = DATASET.squares(SOME)[:, 0]
                expected = F.binary_cross_entropy_with_logits(
                    network(DATASET.inputs[SOME]), squares
                )
                if model == "coordconv":
                    centre = network.painter(DATASET.inputs[SOME]).flatten(1)
                    expected = expected + F.cross_entropy(centre, DATASET.pixels[SOME])
        torch.testing.assert_close(loss, expected)


def test_the_papers_recipe_renders_without_the_loss_of_the_centre() -> None:
    torch.manual_seed(0)
    one = task("rendering", recipe=find_recipe("rendering", "coordconv", "paper"))
    network = one.network()
    initialise(network)
    pixels = DATASET.places[SOME].float()
    with torch.no_grad():
        expected = F.binary_cross_entropy_with_logits(network(pixels), DATASET.squares(SOME)[:, 0])
        torch.testing.assert_close(one.loss(network, SOME), expected)


def test_what_draws_the_square_does_not_decay() -> None:
    one = task("rendering")
    network = one.network()
    decayed = {id(weight) for weight in one.decayed(network).parameters()}
    assert {name for name, weight in network.named_parameters() if id(weight) not in decayed} == {
        name for name, _ in network.named_parameters() if name.startswith("draw.")
    }


def test_any_number_of_places_can_be_asked_for() -> None:
    one = task("classification")
    network = one.network()
    answers = one.ask(network, torch.arange(21))
    assert answers.shape == (21,)
    assert torch.equal(answers[20:], one.answers(network, torch.tensor([20])))
