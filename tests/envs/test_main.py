import pytest

from envs.__main__ import main


def test_it_lists_suites_protocols_and_all_games(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    lines = capsys.readouterr().out.splitlines()
    assert "  atari-26   26 games" in lines
    assert "  sticky" in lines
    assert "  NotSoClevr-v0: name the cell that a square stands in" in lines
    assert "  MsPacman          ms_pacman             307.3    6951.6" in lines
    assert "  Tetris            tetris                    -         -" in lines


def test_it_lists_the_games_of_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    main(["atari-5", "pong"])
    games = [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]]
    assert games == ["BattleZone", "DoubleDunk", "NameThisGame", "Phoenix", "Qbert", "Pong"]


def test_a_misspelt_name_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["pnog"])
    assert stop.value.code == 2
    message = "error: unknown Atari game 'pnog': did you mean Pong? (--help lists the options)\n"
    assert capsys.readouterr().err == message
