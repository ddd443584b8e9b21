"""Hold a monitor file against its data before anything is published.

``check`` is what the command calls: it reads footers for the schemas and a sample for the values. ``sample``
and ``remarks`` are what all concerns share, ``concerns`` lists them; each further module is one concern with
a function ``remarks(monitor, samples)``.
"""
