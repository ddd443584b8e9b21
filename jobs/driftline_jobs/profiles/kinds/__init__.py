"""What a column is to Driftline, one file each: its bins, and everything that is asked of a column by them.

``base`` is what every form can be asked. A form is how a column is counted: ``ordered``, ``categories``, or
``open`` (its type is not known yet). ``registry`` has the kinds of columns by name, and those that come from
other distributions; ``forms`` tells the forms apart where only bytes are there.
"""
