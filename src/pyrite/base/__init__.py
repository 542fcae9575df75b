"""What every room stands on: whole files, the store, checked YAML, the console, where files are."""
