"""What may be wrong with a dataset or with a task's parts: duplicates, leaks, odd clips."""
