"""One battery of checks for every embedder, ours or a stranger's: the contract, tried out.

Each check exists because somebody published figures without it: padding that leaks between batch
mates, dropout left on, NaN on silence, a buffer handed out twice.
"""

from benchmark.check.battery import check_embedder
from benchmark.check.report import Finding, Report

__all__ = ["Finding", "Report", "check_embedder"]
