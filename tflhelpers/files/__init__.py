"""The floor of bytes that all rooms stand on: files and folders replaced whole, checksums, decoded texts, HTTP."""
