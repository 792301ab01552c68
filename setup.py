"""What the package is, what it needs and what it may use. The tools' settings stand in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (HERE / "tflhelpers" / "__init__.py").read_text("utf-8"), re.M
)[1]

# Every hard dependency is one that Colab's runtime already has, with a lower bound only: installing the
# package there never moves tensorflow, keras, numpy or ipywidgets. tests/test_setup_command.py checks both.
INSTALL_REQUIRES = [
    "numpy>=1.26",
    "pillow>=10.1",
    "tensorflow>=2.18",
    "keras>=3.10",
    "matplotlib>=3.8",
    "imageio>=2.34",
    "imageio-ffmpeg>=0.6",
    "pycocotools>=2.0.8",
    "tqdm>=4.66",
    "ipywidgets>=7.7",
    "anywidget>=0.9",
    "PyYAML>=6.0",
    "google-crc32c>=1.5",
    "scipy>=1.11",
    "flatbuffers>=24.3",
]

# What Colab lacks, or what only some people need. Imported lazily, with an error that names the extra.
EXTRAS_REQUIRE = {
    "jax": ["jax>=0.4.34"],
    "heic": ["pillow-heif>=0.18"],
    "files": ["pyarrow>=15.0", "fsspec>=2024.12"],  # in Colab; 50 MB more for a laptop with five photos
    "ray": ["ray[data]>=2.40", "pyarrow>=15.0", "fsspec>=2024.12"],
    "litert": ["ai-edge-litert>=2.0"],
    "fast": ["openvino>=2025.0"],
    "onnx": ["tf2onnx>=1.16", "onnx>=1.16", "onnxruntime>=1.20"],
    "notebooks": ["ipykernel>=6.17", "nbformat>=5.9", "nbclient>=0.8"],
    "browser": ["playwright>=1.45", "jupyterlab>=4.2"],
    "docs": ["mkdocs>=1.6,<2", "mkdocs-material>=9.5,<10", "mkdocstrings[python]>=0.27"],
    "test": [
        "pytest>=8.0",
        "pytest-timeout>=2.3",
        "pytest-xdist>=3.8",
        "ruff>=0.17",
        "mypy>=1.13",
        "nbformat>=5.9",
        "pyarrow>=15.0",
        "fsspec>=2024.12",
        "tensorflow-hub>=0.16",  # loads our SavedModels; imports pkg_resources, which later setuptools lack
        "setuptools<81",
    ],
}

PACKAGE_DATA = [
    "py.typed",
    "**/*.json",
    "**/*.jpg",
    "**/*.png",
    "**/*.npz",
    "**/*.gz",
    "**/*.js",
    "**/*.css",
    "**/*.html",
    "**/*.webmanifest",
    "**/*.svg",
]

setup(
    name="tflhelpers",
    version=VERSION,
    description="Five photos of your own thing, a detector for it, and a GIF to share",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.10",
    packages=find_packages(include=["tflhelpers", "tflhelpers.*"]),
    package_data={"tflhelpers": PACKAGE_DATA},
    install_requires=INSTALL_REQUIRES,
    extras_require=EXTRAS_REQUIRE,
    entry_points={"console_scripts": ["tflhelpers = tflhelpers.command_line.program:main"]},
    classifiers=[
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
)
