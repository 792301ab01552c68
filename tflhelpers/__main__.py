"""``python -m tflhelpers``: the demo."""

import os

# Before TensorFlow is loaded: its notices about processor instructions and missing GPUs help nobody here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tflhelpers.demo import run_demo

if __name__ == "__main__":
    run_demo()
