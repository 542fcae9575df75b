"""The ten stages of the pipeline, a module each, named like the stage: read, call, write."""
