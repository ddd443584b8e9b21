"""Profiles: what one pass over a log leaves of it. Small, mergeable, made of integers.

Read in this order: ``state`` (what is kept), ``kinds`` (what is done with it, by what a column is),
``binning`` (where the bins of a monitor lie), ``kernels`` (rows to states), ``cells`` (which rows belong
together).
"""
