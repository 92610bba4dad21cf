"""Figures for papers and README files: PNG and SVG (matplotlib)."""
