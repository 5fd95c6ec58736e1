"""Inputs of mutations that several of them share or that fill a file of their own."""
