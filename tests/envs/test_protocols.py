import pytest

from envs.protocols import PROTOCOLS, resolve_protocol


def test_sticky_is_the_protocol_of_machado_et_al() -> None:
    sticky = resolve_protocol("sticky")
    assert sticky.repeat_action_probability == 0.25
    assert sticky.full_action_space
    assert sticky.clip_reward
    assert not sticky.terminal_on_life_loss
    assert not sticky.fire
    assert sticky.noop_max == 0


def test_single_settings_can_be_changed() -> None:
    protocol = resolve_protocol("classic", frame_stack=1, grayscale=False)
    assert (protocol.frame_stack, protocol.grayscale) == (1, False)
    assert resolve_protocol(protocol, frame_stack=4, grayscale=True) == PROTOCOLS["classic"]


def test_an_unknown_protocol_names_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="unknown protocol 'clasic': choose classic or sticky"):
        resolve_protocol("clasic")


def test_an_unknown_setting_names_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown Atari setting 'frameskip'.*frame_skip"):
        resolve_protocol("classic", frameskip=4)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("frame_skip", 0),
        ("frame_stack", 0),
        ("screen_size", -84),
        ("max_frames", 0),
        ("noop_max", -1),
        ("repeat_action_probability", 1.0),
    ],
)
def test_a_value_out_of_range_is_refused(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be at least .* got {value}"):
        resolve_protocol("classic", **{setting: value})
