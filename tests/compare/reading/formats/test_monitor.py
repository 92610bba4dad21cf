import ale_py
import gymnasium
import numpy as np
import pytest
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.monitor import FRAMES_NOTE, UNNAMED_NOTE, read_monitors

HEADER = '#{"t_start": 100.5, "env_id": "CartPole-v1"}\nr,l,t\n'


def write(folder, number, games, header=HEADER):
    path = folder / f"{number}.monitor.csv"
    path.write_text(header + "".join(f"{r},{length},{t}\n" for r, length, t in games))
    return path


def test_timesteps_are_those_that_sb3_counts(sb3_logs):
    folder = sb3_logs / "standard" / "seed-0"
    points = read_monitors(sorted(folder.glob("*monitor.csv")))
    counted = np.loadtxt(folder / "games.txt", delimiter=",")
    assert len(counted) > 20
    assert points.game == "CartPole-v1"
    assert (points.notes, points.facts) == ((), ())
    # Games that end in the same step come in any order.
    found = np.column_stack([points.timesteps, points.returns])
    np.testing.assert_array_equal(sorted(found.tolist()), sorted(counted.tolist()))
    assert (np.diff(points.wall_seconds[np.argsort(points.wall_seconds)]) >= 0).all()


def test_environments_are_merged(tmp_path):
    later = HEADER.replace("100.5", "101.5")
    paths = [
        write(tmp_path, 0, [(1, 10, 2.0), (3, 30, 8.0)]),
        write(tmp_path, 1, [(2, 15, 2.0)], later),
    ]
    points = read_monitors(paths)
    np.testing.assert_array_equal(points.timesteps, [20, 30, 80])
    np.testing.assert_array_equal(points.returns, [1, 2, 3])
    np.testing.assert_array_equal(points.wall_seconds, [2, 3, 8])


def test_frames_of_atari_become_timesteps(tmp_path):
    header = HEADER.replace("CartPole-v1", "PongNoFrameskip-v4")
    points = read_monitors([write(tmp_path, 0, [(-21, 3168, 71.3), (-21, 3898, 140)], header)])
    np.testing.assert_array_equal(points.timesteps, [3168 // 4, (3168 + 3898) // 4])
    assert points.facts == (FRAMES_NOTE,)


def test_how_late_the_frames_of_resets_put_real_games(tmp_path):
    gymnasium.register_envs(ale_py)
    env = make_atari_env("BreakoutNoFrameskip-v4", n_envs=2, seed=0, monitor_dir=str(tmp_path))
    env.reset()
    rng = np.random.default_rng(0)
    ends = []
    for step in range(1, 1001):
        _, _, _, infos = env.step(rng.integers(4, size=2))
        ends += [2 * step for info in infos if "episode" in info]
    env.close()
    points = read_monitors(sorted(tmp_path.glob("*.monitor.csv")))
    late = points.timesteps[-1] / ends[-1] - 1
    assert 0.02 < late < 0.15  # lives are short in random play: more resets than in most games


def test_further_columns_and_an_environment_without_games(tmp_path):
    header = HEADER.replace("r,l,t", "r,l,t,is_success,text")
    path = tmp_path / "0.monitor.csv"
    path.write_text(header + '1,10,2.0,True,"a, b"\n2,5,3.0,False,c\n')
    points = read_monitors([path, write(tmp_path, 1, [])])
    np.testing.assert_array_equal(points.timesteps, [20, 30])


def test_a_file_that_a_later_process_continued(tmp_path):
    points = read_monitors([write(tmp_path, 0, [(1, 10, 2.0), (1, 10, 4.0), (1, 10, 1.5)])])
    np.testing.assert_array_equal(points.wall_seconds, [2, 4, 5.5])
    assert points.notes == ("0.monitor.csv was continued by a later process",)


def test_what_is_no_number_is_left_out_and_noted(tmp_path):
    points = read_monitors([write(tmp_path, 0, [(1, 10, 2.0), ("nan", 10, 4.0), (1, 10, 5.0)])])
    np.testing.assert_array_equal(points.timesteps, [10, 30])
    assert points.notes == ("1 of 3 points is not finite and left out",)


def test_a_half_written_line_is_left_out_and_noted(tmp_path):
    path = write(tmp_path, 0, [(1, 10, 2.0)])
    path.write_text(path.read_text() + "2,1")
    points = read_monitors([path])
    assert len(points.returns) == 1
    assert points.notes == ("the half-written last line of 0.monitor.csv is left out",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must begin with Monitor's line"),
        ("r,l,t\n1,2,3\n", "must begin with Monitor's line"),
        ("#[1]\nr,l,t\n", "must begin with Monitor's line"),
        (HEADER.replace("r,l,t", "r,t"), "no column 'l'"),
        (HEADER + "1,2\n", "not readable"),
        (HEADER + "1,x,3\n", "not readable"),
        (HEADER + "1,0,3\n", "length below 1"),
        (HEADER + "1,nan,3\n", "length below 1"),
    ],
)
def test_damage(tmp_path, content, message):
    path = tmp_path / "monitor.csv"
    path.write_text(content)
    with pytest.raises(UnusableError, match=message) as error:
        read_monitors([path])
    assert "\n" not in str(error.value)


def test_a_missing_environment_is_not_overlooked(tmp_path):
    paths = [write(tmp_path, number, [(1, 10, 2.0)]) for number in (0, 1, 3)]
    with pytest.raises(UnusableError, match=r"^2\.monitor\.csv is missing"):
        read_monitors(paths)
    with pytest.raises(UnusableError, match=r"^2 of 8 monitor\.csv files are there"):
        read_monitors(paths[:2], n_envs=8)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("monitor.csv", ".monitor.csv"),
        ("monitor.csv", "0.monitor.csv"),
        ("train.monitor.csv", "eval.monitor.csv"),
        ("train_0.monitor.csv", "eval_0.monitor.csv"),
        ("train_monitor.csv", "eval_monitor.csv"),
    ],
)
def test_what_has_another_name_is_no_environment_of_the_run(tmp_path, name, other):
    paths = [tmp_path / each for each in (name, other)]
    for path in paths:
        path.write_text(HEADER + "1,10,2.0\n")
    with pytest.raises(UnusableError, match=r"by their names: choose with a --pattern that ends"):
        read_monitors(paths)


def test_environments_may_have_a_name_beside_their_number(tmp_path):
    paths = [tmp_path / f"env1_{number}.monitor.csv" for number in range(3)]
    for path in paths:
        path.write_text(HEADER + "1,10,2.0\n")
    np.testing.assert_array_equal(read_monitors(paths[:2]).timesteps, [20, 20])
    with pytest.raises(UnusableError, match=r"^env1_1\.monitor\.csv is missing"):
        read_monitors([paths[0], paths[2]])


@pytest.mark.parametrize(("games", "later"), [([(1, 10, 60.0)], "200.5"), ([], "9000.5")])
def test_what_an_earlier_run_left_behind_is_no_environment(tmp_path, games, later):
    """A run of two environments in the folder of one of three: the third file stays."""
    header = HEADER.replace("100.5", later)
    paths = [write(tmp_path, number, [(1, 10, 2.0)], header) for number in (0, 1)]
    paths.append(write(tmp_path, 2, games))
    with pytest.raises(UnusableError, match=r"2\.monitor\.csv was begun .* before 0\.monitor\.csv"):
        read_monitors(paths)


def test_environments_that_take_their_time_to_start(tmp_path):
    paths = [
        write(tmp_path, number, [(1, 10, 100.0)], HEADER.replace("100.5", f"{100 + 9 * number}"))
        for number in range(8)
    ]
    assert len(read_monitors(paths).returns) == 8


def test_a_byte_order_mark_and_lines_of_windows(tmp_path):
    path = tmp_path / "monitor.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "1,10,2.0\n").replace("\n", "\r\n").encode())
    points = read_monitors([path])
    assert (points.game, points.timesteps.tolist()) == ("CartPole-v1", [10])


def test_what_vec_monitor_writes(tmp_path):
    env = VecMonitor(DummyVecEnv([lambda: gymnasium.make("CartPole-v1")] * 2), str(tmp_path))
    env.seed(0)
    env.reset()
    ends = []
    for step in range(1, 201):
        _, _, dones, _ = env.step(np.array([step % 2, 1]))
        ends += [2 * step] * int(dones.sum())
    env.close()
    points = read_monitors([tmp_path / "monitor.csv"])
    assert points.game is None
    assert points.facts == (UNNAMED_NOTE,)
    assert len(points.timesteps) == len(ends)
    # Early by the games under way.
    late = np.array(ends) - points.timesteps
    assert (late >= 0).all()
    assert late.max() > 0


def test_games_of_two_environments_are_no_run(tmp_path):
    other = write(tmp_path, 1, [], HEADER.replace("CartPole", "MountainCar"))
    with pytest.raises(UnusableError, match="CartPole-v1, MountainCar-v1"):
        read_monitors([write(tmp_path, 0, []), other])
