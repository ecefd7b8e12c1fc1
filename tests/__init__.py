"""Tests of the package and of every notebook."""
