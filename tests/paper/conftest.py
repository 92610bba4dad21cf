import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """The bits of a training depend on the number of threads."""
    torch.set_num_threads(1)
