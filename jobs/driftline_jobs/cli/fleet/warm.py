"""What every worker needs, imported once by the server that workers are forked from.

``python -m driftline_jobs.cli.fleet.warm`` compiles the loops over rows for all that come after: for images,
and where the one who runs may not write what was installed.
"""
