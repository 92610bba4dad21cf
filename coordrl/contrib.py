"""One-line use in sb3-contrib, which has to be installed: policies with CoordConv."""

from sb3_contrib.common.maskable.policies import MaskableActorCriticCnnPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticCnnPolicy
from sb3_contrib.qrdqn.policies import CnnPolicy as QRDQNCnnPolicy

from coordrl.policies import CoordActorMixin, CoordPolicyMixin


class CoordRecurrentActorCriticPolicy(CoordPolicyMixin, RecurrentActorCriticCnnPolicy):
    """RecurrentPPO's CnnPolicy with CoordConv.

    >>> from sb3_contrib import RecurrentPPO
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> RecurrentPPO(CoordRecurrentActorCriticPolicy, env).policy.net_arch
    []
    """


class CoordRecurrentActorPolicy(CoordActorMixin, RecurrentActorCriticCnnPolicy):
    """RecurrentPPO's CnnPolicy with CoordConv for the actor only.

    See :class:`coordrl.CoordActorPolicy`.

    >>> from sb3_contrib import RecurrentPPO
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> RecurrentPPO(CoordRecurrentActorPolicy, env).policy.share_features_extractor
    False
    """


class CoordMaskableActorCriticPolicy(CoordPolicyMixin, MaskableActorCriticCnnPolicy):
    """MaskablePPO's CnnPolicy with CoordConv.

    >>> from sb3_contrib import MaskablePPO
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> MaskablePPO(CoordMaskableActorCriticPolicy, env).policy.net_arch
    []
    """


class CoordMaskableActorPolicy(CoordActorMixin, MaskableActorCriticCnnPolicy):
    """MaskablePPO's CnnPolicy with CoordConv for the actor only.

    See :class:`coordrl.CoordActorPolicy`.

    >>> from sb3_contrib import MaskablePPO
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> MaskablePPO(CoordMaskableActorPolicy, env).policy.share_features_extractor
    False
    """


class CoordQRDQNPolicy(CoordPolicyMixin, QRDQNCnnPolicy):
    """QR-DQN's CnnPolicy with CoordConv.

    >>> from sb3_contrib import QRDQN
    >>> from stable_baselines3.common.envs import FakeImageEnv
    >>> env = FakeImageEnv(screen_height=64, screen_width=48)
    >>> QRDQN(CoordQRDQNPolicy, env, buffer_size=9).policy.net_arch
    []
    """
