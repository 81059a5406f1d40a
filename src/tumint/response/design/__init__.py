"""From the config and the sheet to who is compared with whom: formulas, groups, values of subjects."""
