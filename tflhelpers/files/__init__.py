"""The floor of bytes that all rooms stand on: writing whole, records and messages, checksums, texts, HTTP."""
