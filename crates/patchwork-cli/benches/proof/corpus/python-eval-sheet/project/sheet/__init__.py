"""A small spreadsheet: cells hold numbers, text or formulas."""
