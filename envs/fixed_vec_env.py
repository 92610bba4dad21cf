"""What the vector environments of this package have in common beside SB3's ``VecEnv``."""

from typing import Any, ClassVar

import gymnasium as gym
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices


class FixedVecEnv(VecEnv):
    """A vector of environments that cannot be changed once made, with Monitor's statistics."""

    _fixed: ClassVar[str]
    """Who refuses to be changed, and what to do instead."""

    def set_attr(
        self,
        attr_name: str,
        value: Any,  # noqa: ARG002 (SB3's signature)
        indices: VecEnvIndices = None,  # noqa: ARG002
    ) -> None:
        """Refuse: the environments cannot be changed once they run.

        :raises AttributeError: always
        """
        raise AttributeError(f"cannot set {attr_name!r}: {self._fixed}")

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Tell SB3 which of its wrappers' work is done here.

        :param wrapper_class: the wrapper asked for
        :param indices: environments to ask, all by default
        :return: True for ``Monitor``, whose episode statistics are given; False for all others
        """
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]
