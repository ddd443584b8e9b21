"""Profiles: what one pass over a log leaves of it. Small, mergeable, made of integers.

Read in this order: ``binning`` (where the bins lie), ``state`` (what is kept), ``kernels`` (rows to
states), ``cells`` (which rows belong together), ``scan`` (a split to profiles), ``codec`` (bytes).
"""
