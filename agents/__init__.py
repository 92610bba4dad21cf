"""The laboratory: matched training runs and studies that compare feature extractors."""

from common.command_line import expect_interrupts

expect_interrupts()
