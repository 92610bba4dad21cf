"""The places where a study's runs are trained."""
