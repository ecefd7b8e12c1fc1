"""The published course: notebooks as pages on which every slider moves without a kernel. See README.md beside this."""
