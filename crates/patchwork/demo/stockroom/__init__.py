"""Keeps track of what is on the shelves of a small warehouse."""
