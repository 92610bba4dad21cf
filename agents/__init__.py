"""The laboratory: matched training runs and studies that compare feature extractors."""
