"""A small reproduction, from its trainings to its page."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from common.command_line import run_command
from common.errors import UsageError
from coordrl.compare.statistics.families import Comparison, Samples, compare
from paper import study
from paper.detection import reproduction, summary
from paper.detection.command import main
from paper.reproduction import Planned
from paper.results import RESULT, load
from paper.study import finding
from tests.paper.committed import check_verdicts
from tests.paper.digits import write_digits

SMALL = ((4, 1, 2), (6, 1, 1))


@pytest.fixture(scope="module")
def planned(digits: Path) -> list[Planned]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_QUICK", SMALL)
        return reproduction.plan(quick=True, data=digits)


@pytest.fixture(scope="module")
def output(planned: list[Planned], digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained in this process: one of its own for each training takes seconds to start."""
    output = tmp_path_factory.mktemp("study") / "detection"
    output.mkdir()
    (output / ".lock").touch()  # as a reproduction's own
    for one in planned:
        assert main([*one.arguments, "--output", str(one.folder(output))]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_QUICK", SMALL)
        command = ["reproduce", "--quick", "--data", str(digits), "--output", str(output)]
        assert main(command) == 0
    return output


def test_the_study_is_planned_as_the_docs_say() -> None:
    names = [one.name for one in reproduction.plan(quick=False, data=Path("data"))]
    assert len(names) == len(set(names)) == 44
    assert sum(name.startswith("width-12/intended/coordconv/") for name in names) == 10
    assert names[-1] == "width-32/released/coordconv/seed-0"


def test_the_page_stands_alone_and_has_every_training(output: Path, planned: list[Planned]) -> None:
    text = (output / "index.html").read_text()
    assert not re.search(r"(?:src|href)=[\"']?https?:", text)
    assert text.count("data:image/png;base64,") == 4
    for one in planned:
        result = load(one.folder(output))
        assert result is not None
        assert result.fingerprint in text
    assert "This is the quick version" in text
    assert "trainings are finished" not in text


def test_tables_hold_all_arms(output: Path, planned: list[Planned]) -> None:
    lines = (output / "results.md").read_text().splitlines()
    assert len(lines) == 2 + 8
    assert {line.count("|") for line in lines} == {len(summary.TABLE.headings) + 1}
    values = json.loads((output / "results.json").read_text())
    assert [one["command"] for one in values["trainings"]] == [one.command for one in planned]
    assert [one["name"] for one in values["comparisons"]] == [
        "intended anchors",
        "released anchors",
    ]


def test_a_number_is_repeated_by_its_command(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((output / "results.json").read_text())["trainings"][-1]
    assert main([*shlex.split(record["command"])[3:], "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["fingerprint"] == record["fingerprint"]
    assert again["scores"]["select"] == record["select"]


def test_what_is_finished_is_kept(
    output: Path, planned: list[Planned], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planned[0].folder(output)
    before = (folder / RESULT).stat().st_mtime_ns
    assert main([*planned[0].arguments, "--output", str(folder)]) == 0
    assert (folder / RESULT).stat().st_mtime_ns == before
    assert "anchors intended" in capsys.readouterr().out


def test_results_of_different_data_are_not_mixed(output: Path, planned: list[Planned]) -> None:
    path = planned[0].folder(output) / RESULT
    whole = path.read_text()
    values = json.loads(whole)
    values["data"] = "other"
    path.write_text(json.dumps(values))
    try:
        with pytest.raises(UsageError, match="of different data"):
            study.write(output, planned, reproduction.STORY, planned=12, quick=True)
    finally:
        path.write_text(whole)


def test_finished_trainings_of_other_data_are_not_taken(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = write_digits(tmp_path, 400, 200)
    monkeypatch.setattr(reproduction, "_QUICK", SMALL)
    with pytest.raises(UsageError, match=r"of other data: give another --output"):
        main(["reproduce", "--quick", "--data", str(others), "--output", str(output)])


def test_missing_data_and_wrong_words_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(main, ["train", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path} does not hold train-images-idx3-ubyte")
    assert error.count("\n") == 1
    assert run_command(main, ["reproduce", "--data", str(tmp_path), "--output", "x"]) == 2
    assert capsys.readouterr().err == error
    with pytest.raises(SystemExit, match="2"):
        run_command(main, ["train", "--anchors", "right"])


def comparison(name: str, plain: float, coordconv: float, *, noise: float = 0.01) -> Comparison:
    seeds = [noise * (k - 4.5) / 5 for k in range(10)]
    scores = [plain + one for one in seeds], [coordconv + one for one in seeds]
    (found,) = compare([Samples(name, *scores, margin=summary.MARGIN * plain)])
    return found


@pytest.mark.parametrize(
    ("intended", "released", "verdict"),
    [
        ((0.60, 0.75), (0.1, 0.5), "reproduced"),
        ((0.60, 0.66), (0.1, 0.5), "smaller than claimed"),
        ((0.60, 0.62), (0.1, 0.5), "reproduced only with the released code's anchors"),
        ((0.60, 0.60), (0.1, 0.5), "reproduced only with the released code's anchors"),
        ((0.60, 0.60), (0.1, 0.1), "not reproduced"),
        ((0.60, 0.62), (0.1, 0.1), "not reproduced"),
        ((0.60, 0.50), (0.1, 0.1), "not reproduced"),
    ],
)
def test_the_rule(
    intended: tuple[float, float], released: tuple[float, float], verdict: str
) -> None:
    found = [comparison("intended", *intended), comparison("released", *released)]
    assert summary.claim(found) == verdict


def test_noise_decides_nothing() -> None:
    found = [
        comparison("intended", 0.6, 0.62, noise=0.5),
        comparison("released", 0.1, 0.1),
    ]
    assert found[0].verdict == "inconclusive"
    assert summary.claim(found) == "undecided"
    assert summary.claim(found[:1]) == "undecided"


def test_the_rule_of_the_page_is_that_of_the_docs() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "paper.md").read_text()
    assert "reaches 1.24" in docs
    assert "5 % of what the plain network has" in docs
    for verdict in ("smaller than claimed", "not reproduced", "undecided"):
        assert f"*{verdict}*" in docs
        assert verdict in summary.RULE


def test_findings_are_told_with_their_intervals() -> None:
    text = finding(comparison("intended anchors", 0.6, 0.66), summary.TABLE)
    assert text.startswith("intended anchors: select .600 plain, .660 CoordConv, difference .060 (")
    assert "ratio 1.10 (1.0" in text
    assert text.endswith("margin .030, 10 and 10 seeds)")
    one = comparison("released", 0.1, 0.1, noise=0)
    assert replace(one, interval=None) == one
    assert ": inconclusive (p of a difference 1, margin" in finding(one, summary.TABLE)


def test_while_trainings_are_missing_nothing_is_decided(
    output: Path, planned: list[Planned], tmp_path: Path
) -> None:
    shutil.copytree(output, tmp_path / "detection")
    few = planned[:-1]
    story, n = reproduction.STORY, len(planned)
    page = study.write(tmp_path / "detection", few, story, planned=n, quick=True)
    found = json.loads((page.parent / "results.json").read_text())
    assert (found["claim"], found["comparisons"]) == (study.UNDECIDED, [])
    assert study.UNDECIDED in page.read_text()
    assert f"{n - 1} of {n} trainings" in page.read_text()


# The committed results


def test_the_verdicts_follow_from_the_committed_trainings_and_the_docs_say_so() -> None:
    planned = reproduction.plan(quick=False, data=Path("runs/data/mnist"))
    check_verdicts("detection", planned, summary, "{} plain and {} CoordConv")
