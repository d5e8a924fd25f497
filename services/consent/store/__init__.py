"""Every SQL statement of consent, by what it keeps; and the forms, which are files.

Locks go images first, then people, each in sorted order; a transaction that has locked a person locks no image after.
"""
