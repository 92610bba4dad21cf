"""One-line use in Stable-Baselines3: complete ``policy_kwargs``, and policies that need none."""

from collections.abc import Mapping
from typing import Any

from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticCnnPolicy, BasePolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, CombinedExtractor
from stable_baselines3.common.type_aliases import Schedule
from stable_baselines3.dqn.policies import CnnPolicy as DQNCnnPolicy

from coordrl.extractors import CoordNatureCNN
from coordrl.hadamax import HadamaxCNN
from coordrl.impala import CoordImpalaCNN

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
    arguments keep what NatureCNN would get, and for a CombinedExtractor what SB3's would.

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
    given = dict(policy_kwargs or {})
    complete: dict[str, Any] = {
        "features_extractor_class": features_extractor_class,
        "features_extractor_kwargs": features_extractor_kwargs,
        **given,
    }
    extractor = complete["features_extractor_class"]
    if "net_arch" not in given and not issubclass(extractor, CombinedExtractor):
        complete["net_arch"] = _nature_cnn_net_arch(algorithm)
    told = issubclass(extractor, CoordImpalaCNN | HadamaxCNN)
    if told and not given.get("normalize_images", True):
        # SB3 tells its own extractors, and their subclasses, by itself.
        complete["features_extractor_kwargs"] = {
            "normalized_image": True,
            **complete["features_extractor_kwargs"],
        }
    return complete


def _nature_cnn_net_arch(algorithm: type[BaseAlgorithm]) -> list[int]:
    for base in algorithm.__mro__:
        if base.__name__ in _NATURE_CNN_NET_ARCH:
            return list(_NATURE_CNN_NET_ARCH[base.__name__])
    raise ValueError(
        f"the net_arch that {algorithm.__name__} would choose for NatureCNN is not known: "
        f'pass it, coord_policy_kwargs({algorithm.__name__}, {{"net_arch": [...]}})'
    )


class CoordPolicyMixin(BasePolicy):
    """Mixin before an SB3 CnnPolicy: CoordNatureCNN for its extractor, and nothing else changed.

    :param observation_space: Images
    :param action_space: Actions
    :param lr_schedule: Learning rate schedule
    :param net_arch: As in the policy; none, as beside NatureCNN, by default
    :param kwargs: The policy's other arguments, such as ``features_extractor_kwargs``
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        net_arch: list[int] | dict[str, list[int]] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("features_extractor_class", CoordNatureCNN)
        net_arch = [] if net_arch is None else net_arch
        super().__init__(observation_space, action_space, lr_schedule, net_arch=net_arch, **kwargs)


class CoordActorMixin(CoordPolicyMixin):
    """Mixin before an SB3 actor-critic CnnPolicy: coordinates for the actor, not for the critic.

    They have an extractor each, and the critic's is made with ``coord_layers=()``.

    :param args: The arguments of :class:`CoordPolicyMixin`
    :param share_features_extractor: Not to be set to True
    :param kwargs: The policy's other arguments; ``features_extractor_kwargs`` are for the actor
    :raises ValueError: If ``share_features_extractor`` is True
    """

    def __init__(self, *args: Any, share_features_extractor: bool = False, **kwargs: Any) -> None:
        if share_features_extractor:
            raise ValueError(
                f"{type(self).__name__} gives coordinates to the actor's extractor only, so it "
                f"cannot share one with the critic: leave share_features_extractor out"
            )
        super().__init__(*args, share_features_extractor=False, **kwargs)

    def make_features_extractor(self) -> BaseFeaturesExtractor:
        """Make the actor's extractor when SB3 asks first, then the critic's.

        :return: The extractor
        """
        if "features_extractor" not in dict(self.named_children()):
            return super().make_features_extractor()
        critic_kwargs = {**self.features_extractor_kwargs, "coord_layers": ()}
        return self.features_extractor_class(self.observation_space, **critic_kwargs)


class CoordActorCriticPolicy(CoordPolicyMixin, ActorCriticCnnPolicy):
    """A2C's and PPO's CnnPolicy with CoordConv: ``A2C(CoordActorCriticPolicy, env)``.

    :param args: The arguments of SB3's ``ActorCriticCnnPolicy``

    >>> from stable_baselines3 import PPO
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> policy_kwargs = {"features_extractor_kwargs": {"with_r": True}}
    >>> model = PPO(CoordActorCriticPolicy, env, policy_kwargs=policy_kwargs)
    >>> model.policy.features_extractor.cnn[0].coord_weight.shape
    torch.Size([32, 3, 8, 8])
    """


class CoordActorPolicy(CoordActorMixin, ActorCriticCnnPolicy):
    """A2C's and PPO's CnnPolicy with CoordConv in the actor's extractor, and not in the critic's.

    The paper's words: "adding a CoordConv layer to an actor network within A2C" (Liu et al. 2018).
    Its fair control has no coordinates but separate extractors too: SB3's CnnPolicy with
    ``share_features_extractor=False``, or this policy with ``coord_layers=()``. With the same seed
    both start with the same shared parameters and go on with the same random numbers.

    :param args: The arguments of SB3's ``ActorCriticCnnPolicy``
    :raises ValueError: If ``share_features_extractor`` is True

    >>> from stable_baselines3 import A2C
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> model = A2C(CoordActorPolicy, FakeImageEnv(screen_height=64, screen_width=48))
    >>> [name for name, _ in model.policy.named_parameters() if "coord_weight" in name][0]
    'features_extractor.cnn.0.coord_weight'
    >>> any(hasattr(layer, "coord_weight") for layer in model.policy.vf_features_extractor.cnn)
    False
    """


class CoordDQNPolicy(CoordPolicyMixin, DQNCnnPolicy):
    """DQN's CnnPolicy with CoordConv: ``DQN(CoordDQNPolicy, env)``.

    :param args: The arguments of DQN's ``CnnPolicy``

    >>> from stable_baselines3 import DQN
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> model = DQN(CoordDQNPolicy, FakeImageEnv(screen_height=64, screen_width=48), buffer_size=9)
    >>> model.policy.q_net.features_extractor.cnn[0].coord_weight.shape
    torch.Size([32, 2, 8, 8])
    """
