"""A run's model, matched with the other arms': same seeds, same shared parameters, same draws."""

from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from agents.acceleration import accelerate
from agents.run.arm import Arm
from agents.run.config import RunConfig
from agents.run.hyperparams import ALGORITHMS
from common.errors import UsageError
from envs import make_env


def make_run_env(
    config: RunConfig,
    *,
    n_envs: int | None = None,
    seed: int | None = None,
    resumable: bool = False,
    env_kwargs: Mapping[str, Any] | None = None,
) -> VecEnv:
    """Make a run's environments.

    :param n_envs: Number of environments, the run's if None
    :param seed: Seed of the environments, the run's if None
    :param resumable: Whether they can be put back where a run was interrupted
    :param env_kwargs: Settings of the environments that replace those of the run
    :raises UsageError: If there is no such environment, or it gives no images
    """
    try:
        return make_env(
            config.env,
            config.hyperparams.n_envs if n_envs is None else n_envs,
            config.seed if seed is None else seed,
            config.protocol,
            num_threads=config.num_threads,
            frame_stack=config.hyperparams.frame_stack,
            resumable=resumable,
            **{**config.env_kwargs, **(env_kwargs or {})},
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def make_model(config: RunConfig, env: VecEnv, **settings: Any) -> OnPolicyAlgorithm:
    """Make a run's model, so that the arms of a cell differ in nothing but the extractor.

    ``net_arch=[]`` is what NatureCNN gets, and every arm with it. The generators are seeded again
    after construction: an arm that drew more numbers for more parameters goes on with the same
    actions and minibatches as the others.

    :param settings: Further arguments of the algorithm, such as ``verbose``
    :raises UsageError: If the arm's extractor does not take its arguments or these images
    """
    check_arm(config.arm, env)
    algorithm, _ = ALGORITHMS[config.algo]
    model = algorithm(
        config.arm.policy_class(),
        env,
        policy_kwargs=policy_kwargs(config),
        seed=config.seed,
        device=config.device,
        **config.hyperparams.algorithm_kwargs(),
        **settings,
    )
    accelerate(model)
    set_random_seed(config.seed, using_cuda=model.device.type == "cuda")
    return model


def policy_kwargs(config: RunConfig) -> dict[str, Any]:
    """Return the arguments of the policy, beside spaces and learning rate.

    :raises UsageError: If the arm's extractor cannot be imported
    """
    return {
        "features_extractor_class": config.arm.extractor_class(),
        "features_extractor_kwargs": config.arm.features_extractor_kwargs,
        "net_arch": [],
        **config.hyperparams.optimizer(),
    }


def check_arm(arm: Arm, env: VecEnv) -> None:
    """Try the arm's extractor on the environment's images.

    :raises UsageError: With the extractor's own words, if it refuses
    """
    extractor_class = arm.extractor_class()
    with arm.refusals():
        extractor_class(env.observation_space, **arm.features_extractor_kwargs)


def parameter_counts(model: OnPolicyAlgorithm) -> dict[str, int]:
    """Count the parameters of the policy, of its extractors, and its coordinate weights."""
    policy = model.policy
    named = dict(policy.named_parameters())
    return {
        "total": sum(p.numel() for p in named.values()),
        "extractor": sum(p.numel() for name, p in named.items() if "features_extractor" in name),
        "coordinates": sum(p.numel() for name, p in named.items() if "coord_weight" in name),
    }
