"""Pure functions of arrays and texts: scores and their intervals, agreement, diversity."""
