"""What README says of the paper's own proof is what the committed results say."""

import csv
import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
NUMBERS = {"two": 2, "five": 5, "ten": 10}


def test_readme_has_the_committed_numbers() -> None:
    said = re.search(
        r"plain one gets (\d+) % right \((\w+) seeds\) and CoordConv (\d+) % \((\w+) of (\w+);",
        (REPOSITORY / "README.md").read_text(),
    )
    assert said is not None
    with (REPOSITORY / "runs/reference/not_so_clevr/results.csv").open() as file:
        rows = {
            row["model"]: row
            for row in csv.DictReader(file)
            if (row["task"], row["split"], row["recipe"])
            == ("classification", "quadrant", "default")
        }
    plain, coord = rows["plain"], rows["coordconv"]
    assert 100 * float(plain["test_lowest"]) == 100 * float(plain["test_highest"]) == int(said[1])
    assert 100 * float(coord["test_lowest"]) == 100 * float(coord["test_highest"]) == int(said[3])
    assert NUMBERS[said[2]] == int(plain["seeds"])
    assert NUMBERS[said[4]] == NUMBERS[said[5]] == int(coord["seeds"])
