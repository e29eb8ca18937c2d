"""Names of the reference's extension that other packages look up."""
