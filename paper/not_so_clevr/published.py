"""What the paper and its released code report (Liu et al. 2018), to stand beside our numbers."""

PUBLISHED = {
    ("classification", "uniform", "plain"): "test at most about .86, .80 after 4,000 s; "
    "46k to 1.63M parameters",
    ("classification", "uniform", "coordconv"): "1 and 1 in 10 to 20 s; 7,553 parameters",
    ("classification", "quadrant", "plain"): "test about 0",
    ("classification", "quadrant", "coordconv"): "1 and 1; 7,553 parameters",
    ("regression", "uniform", "plain"): "72,850 parameters",
    ("regression", "quadrant", "plain"): "does not generalise; 12,914 parameters",
    ("regression", "quadrant", "coordconv"): "perfect; 906 parameters",
    ("rendering", "uniform", "plain"): "test at most about .83",
    ("rendering", "uniform", "coordconv"): "many near 1, some worse; 8.1k to 24k parameters",
    ("rendering", "quadrant", "plain"): "test .1 to .35",
    ("rendering", "quadrant", "coordconv"): "many near 1, some worse; 8.1k to 24k parameters",
}
"""Scores on training and test places, by task, split and model; the paper's hardware is a GPU."""
