"""One file a scenario: a docstring that tells it, `run(lab)`, and CORE if tools/test runs it."""
