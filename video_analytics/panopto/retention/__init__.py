"""What a licence plan would store, create, archive and delete: hours from a snapshot of the usage reports."""
