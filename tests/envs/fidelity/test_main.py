import pytest

from envs.fidelity.__main__ import main


def test_it_prints_a_table_of_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    main(["Breakout", "--steps", "120", "--episodes", "0"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[:3] for row in rows[2:]] == [
        ["Breakout", "off", "120"],
        ["Breakout", "on", "120"],
    ]
    assert rows[0][5:8] == ["rewards differ", "lives differ", "ends differ"]
    assert all(row[5:8] == ["0", "0", "0"] for row in rows[2:])


@pytest.mark.slow
def test_it_prints_a_table_of_effects(capsys: pytest.CaptureFixture[str]) -> None:
    main(["Breakout", "--steps", "1", "--episodes", "2"])
    table = capsys.readouterr().out.split("\n\n")[1]
    assert table.startswith("Mean return of 2 random games")
    assert table.count("| Breakout |") == 4


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["Pnog"], "error: unknown Atari game 'Pnog': did you mean Pong?"),
        (["--steps", "0"], "error: steps must be at least 1, got 0"),
        (["--episodes", "1"], "error: episodes must be at least 2, got 1"),
        (["--seed", "-1"], "error: seed must be at least 0, got -1"),
        (["--steps", "many"], "error: argument --steps: invalid int value: 'many'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert capsys.readouterr().err == f"{message} (--help lists the options)\n"
