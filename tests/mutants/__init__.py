"""`make mutants`: the code is broken in named ways, one at a time, in a copy; each time a named test must see it.

A mutant counts as seen only when its named tests fail on an assertion of their own, and the tests that do not concern it
stay green.
"""
