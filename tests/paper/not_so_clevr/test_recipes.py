import pytest

from paper.not_so_clevr.recipes import MODELS, TASKS, Recipe, find_recipe, recipe_names


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.01, 0.01, 0.01]),
        ("cosine", [0.01, 0.005, 0.0]),
        ("step", [0.01, 0.0001, 0.01 * 0.1**4]),
    ],
)
def test_learning_rates(schedule: str, rates: list[float]) -> None:
    recipe = Recipe(0.01, epochs=10, schedule=schedule)  # type: ignore[arg-type]  # one of the three
    last = 0.99999 if schedule == "step" else 1.0
    assert [recipe.rate_at(part) for part in (0.0, 0.5, last)] == pytest.approx(rates)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", MODELS)
def test_every_network_has_our_recipe_and_the_papers(task: str, model: str) -> None:
    names = recipe_names(task, model)
    assert names[0] == "default"
    assert names[-1] == "paper"
    assert find_recipe(task, model, "default").epochs > 0


def test_unknown_recipes_are_told() -> None:
    with pytest.raises(
        ValueError, match="plain network has the recipes default, slower, paper, not"
    ):
        find_recipe("classification", "plain", "fastest")
