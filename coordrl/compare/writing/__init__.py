"""What is found, as a page, figures, tables and TensorBoard curves."""
