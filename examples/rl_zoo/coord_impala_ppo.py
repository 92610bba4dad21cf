"""RL Zoo's PPO for Atari (rl_zoo3/hyperparams/ppo.yml) with CoordConv in the IMPALA ResNet.

python -m rl_zoo3.train --algo ppo --env PongNoFrameskip-v4 -conf coord_impala_ppo.py
"""

from stable_baselines3 import PPO

from coordrl import CoordImpalaCNN, coord_policy_kwargs

hyperparams = {
    "atari": {
        "env_wrapper": ["stable_baselines3.common.atari_wrappers.AtariWrapper"],
        "frame_stack": 4,
        "policy": "CnnPolicy",
        "n_envs": 8,
        "n_steps": 128,
        "n_epochs": 4,
        "batch_size": 256,
        "n_timesteps": 1e7,
        "learning_rate": "lin_2.5e-4",
        "clip_range": "lin_0.1",
        "vf_coef": 0.5,
        "ent_coef": 0.01,
        # As a dict, which RL Zoo passes on; it would evaluate a string in its own namespace.
        "policy_kwargs": coord_policy_kwargs(PPO, features_extractor_class=CoordImpalaCNN),
    }
}
