"""The page: what it says, draws and shows of the results; `pyrite verdict` says a part of it."""
