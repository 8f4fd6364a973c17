"""The code of the function that makes files to import of the raw records in the archive."""
