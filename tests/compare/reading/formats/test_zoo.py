import pytest

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.zoo import read_zoo_run
from tests.compare.real_logs import ZOO_ARGS, ZOO_CONFIG


def write(folder, args, config=ZOO_CONFIG):
    about = folder / "CartPole-v1"
    about.mkdir()
    (about / "args.yml").write_text(args)
    if config is not None:
        (about / "config.yml").write_text(config)
    return folder


def test_what_zoo_writes(tmp_path):
    run = read_zoo_run(write(tmp_path, ZOO_ARGS.format(seed=4_123_456_789)))
    assert run.fields() == {"game": "CartPole-v1", "algorithm": "ppo", "seed": "4123456789"}
    assert (run.n_timesteps, run.n_envs) == (1000, 2)


def test_the_command_line_wins_over_the_configuration(tmp_path):
    args = ZOO_ARGS.format(seed=0).replace("- -1", "- 5000")
    run = read_zoo_run(write(tmp_path, args, ZOO_CONFIG.replace("- - n_envs\n    - 2\n  ", "")))
    assert (run.n_timesteps, run.n_envs) == (5000, 1)


def test_a_plain_mapping_and_no_configuration(tmp_path):
    run = read_zoo_run(write(tmp_path, "algo: a2c\nenv: Pong-v5\nseed: -1\n", None))
    assert run.fields() == {"game": "Pong-v5", "algorithm": "a2c"}
    assert (run.n_timesteps, run.n_envs) == (None, None)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("algo: a2c\n", '"env" must be a string, not None'),
        ("algo: a2c\nenv: Pong-v5\nseed: many\n", "\"seed\" must be a number, not 'many'"),
    ],
)
def test_a_record_that_lacks_something(tmp_path, args, message):
    with pytest.raises(UnusableError, match=message):
        read_zoo_run(write(tmp_path, args))


def test_another_folder_is_not_zoos(tmp_path):
    assert read_zoo_run(tmp_path) is None


def test_nothing_is_constructed(tmp_path):
    boom = tmp_path / "boom"
    write(tmp_path, f"!!python/object/apply:os.mkdir\n- {boom}\n", None)
    with pytest.raises(UnusableError, match=r"args\.yml is not readable"):
        read_zoo_run(tmp_path)
    assert not boom.exists()


@pytest.mark.parametrize(
    "content", ["[\n", "\x00\n", "3\n", "- - 1\n", "[" * 1100 + "\n", "a: 2024-99-99\n"]
)
def test_damage(tmp_path, content):
    with pytest.raises(UnusableError, match=r"args\.yml is not readable") as error:
        read_zoo_run(write(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_half_written_record(tmp_path):
    text = ZOO_ARGS.format(seed=12345)
    with pytest.raises(UnusableError, match=r"args\.yml is half-written"):
        read_zoo_run(write(tmp_path, text[:-3]))  # the seed would be 123
