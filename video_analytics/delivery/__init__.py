"""Files to where people expect them: whole, verified, only where their own route says, and only when true.

    routes     which files go where, today
    origins    what a file was made from: the assets and subjects that answer for it
    gate       whether what a file was made from can be trusted now
    shares     opens a share; what its errors mean
    targets    what can be done with an open share; folders, remote, smb: the three kinds
    copying    one file
    index      what was delivered last, so that nothing is read twice
    receipts   what was delivered when, for people
    deliver    all files, with patience

Nothing here asks a vendor. Dagster is known by `assets` and `checks` only.
"""
