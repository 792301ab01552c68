"""The program `tflhelpers`: the public functions for a shell, one file a command.

- `program`: reads the command line, prints the answer, and ends with a number that says how it went
- `command`: what a command is, and what it answers
- `inputs`: annotations, models and numbers as they are given in a shell
- `import_labels`, `train`, `evaluate`, `detect`, `export`, `page`, `demo`, `doctor`: the commands

All of it is imported for `--help`, so whatever is heavy is loaded by what a command runs.
"""
