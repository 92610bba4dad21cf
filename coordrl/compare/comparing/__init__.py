"""From a study's runs to what is found: arms, contrasts, verdicts, aggregates."""
