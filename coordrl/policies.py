"""One-line use in Stable-Baselines3: the complete ``policy_kwargs`` for an algorithm."""

from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from coordrl.extractors import CoordNatureCNN

# What each family's policy takes as net_arch when its extractor is NatureCNN, by class name, so
# that sb3-contrib need not be installed. Subclasses follow their nearest base class.
_NATURE_CNN_NET_ARCH: dict[str, list[int]] = {
    "OnPolicyAlgorithm": [],
    "DQN": [],
    "QRDQN": [],
    "SAC": [256, 256],
    "TD3": [256, 256],
    "TQC": [256, 256],
}


def coord_policy_kwargs(
    algorithm: type[BaseAlgorithm],
    policy_kwargs: Mapping[str, Any] | None = None,
    *,
    features_extractor_class: type[BaseFeaturesExtractor] = CoordNatureCNN,
    **features_extractor_kwargs: Any,
) -> dict[str, Any]:
    """Make the ``policy_kwargs`` that swap NatureCNN for a CoordConv extractor, and nothing else.

    SB3 chooses ``net_arch`` by whether the extractor *is* NatureCNN: any other extractor silently
    gets two hidden layers of 64 units in A2C, PPO and DQN, and other sizes in TD3. These
    arguments keep what NatureCNN would get.

    :param algorithm: The algorithm's class, of SB3 or sb3-contrib, or a subclass
    :param policy_kwargs: Further policy arguments, which take precedence
    :param features_extractor_class: The extractor
    :param features_extractor_kwargs: The extractor's arguments, such as ``with_r=True``
    :return: The argument ``policy_kwargs`` for the algorithm
    :raises ValueError: If the algorithm is not known and ``net_arch`` is not given

    >>> from stable_baselines3 import PPO
    >>> kwargs = coord_policy_kwargs(PPO, coord_layers=(0,))
    >>> kwargs["net_arch"], kwargs["features_extractor_kwargs"]
    ([], {'coord_layers': (0,)})
    """
    complete: dict[str, Any] = {
        "features_extractor_class": features_extractor_class,
        "features_extractor_kwargs": features_extractor_kwargs,
        **(policy_kwargs or {}),
    }
    if "net_arch" not in complete:
        complete["net_arch"] = _nature_cnn_net_arch(algorithm)
    return complete


def _nature_cnn_net_arch(algorithm: type[BaseAlgorithm]) -> list[int]:
    for base in algorithm.__mro__:
        if base.__name__ in _NATURE_CNN_NET_ARCH:
            return list(_NATURE_CNN_NET_ARCH[base.__name__])
    raise ValueError(
        f"the net_arch that {algorithm.__name__} would choose for NatureCNN is not known: "
        f'pass it, coord_policy_kwargs({algorithm.__name__}, {{"net_arch": [...]}})'
    )
