"""``python -m tflhelpers``: the same program as `tflhelpers`; without a command, the demo."""

import sys

from tflhelpers.command_line.program import main

if __name__ == "__main__":
    sys.exit(main())
