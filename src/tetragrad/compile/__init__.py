"""Compiled mode: Python functions to machine code through LLVM."""
