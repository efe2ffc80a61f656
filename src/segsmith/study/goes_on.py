"""Whether what a run's folder holds is the search that is asked for again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from segsmith.errors import UserError
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import Known
from segsmith.training.runfolder import RunFolder


def check_goes_on(run: RunFolder, options: SearchOptions) -> None:
    record = run.record()
    if record["command"] != "search":
        raise UserError(f"holds a run of segsmith {record['command']}", fix="name a new folder", path=run.path)
    options.check_goes_on(record["configuration"])


def digests_of(options: SearchOptions, known: Known) -> dict[str, str]:
    """Of what is called by a path, and may be another thing by the same path later: by the option's name."""
    weights = "encoder-weights" if options.encoder_weights and known.static is None else "static"
    found = {weights: known.weights}
    if options.table:
        found["table"] = hashlib.sha256(Path(options.table).read_bytes()).hexdigest()
    return found


def check_unchanged(run: RunFolder, options: SearchOptions, digests: Mapping[str, str]) -> None:
    """Scores of other weights, and latencies of another table, are not to be compared. Runs of old have no digests."""
    held = run.record().get("digests", {})
    for what, digest in digests.items():
        if held.get(what, digest) != digest:
            path = getattr(options, what.replace("-", "_"))
            raise UserError(
                f"holds a search with --{what} {path} as it was: it has changed since",
                fix="name a new folder",
                path=run.path,
            )
