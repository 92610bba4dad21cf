"""The paper's supervised experiments (Liu et al. 2018): ``python -m paper.<experiment>``."""
