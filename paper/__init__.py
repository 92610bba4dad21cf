"""The paper's supervised experiments (Liu et al. 2018): ``python -m paper.<experiment>``."""

from common.command_line import expect_interrupts

expect_interrupts()
