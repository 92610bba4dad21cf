"""Environments as Stable-Baselines3 vector environments."""

from envs.atari import make_atari_env
from envs.atari_vec_env import AtariVecEnv
from envs.games import Game, UnknownGameError, all_games, is_atari, resolve_game
from envs.make import check_settings, make_env, reference_scores, resolve_env_id
from envs.not_so_clevr import NotSoClevrEnv, NotSoClevrVecEnv, is_not_so_clevr
from envs.protocols import PROTOCOLS, Protocol, resolve_protocol
from envs.seeding import game_seed
from envs.suites import Suite, all_suites, expand_games, resolve_suite

__all__ = [
    "PROTOCOLS",
    "AtariVecEnv",
    "Game",
    "NotSoClevrEnv",
    "NotSoClevrVecEnv",
    "Protocol",
    "Suite",
    "UnknownGameError",
    "all_games",
    "all_suites",
    "check_settings",
    "expand_games",
    "game_seed",
    "is_atari",
    "is_not_so_clevr",
    "make_atari_env",
    "make_env",
    "reference_scores",
    "resolve_env_id",
    "resolve_game",
    "resolve_protocol",
    "resolve_suite",
]
