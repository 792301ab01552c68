"""A stand-in for the package that only Colab has: enough of it for our notebooks."""
