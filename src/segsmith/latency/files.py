"""JSON files that say what they are and in which version."""

import json
import os
from pathlib import Path
from typing import Any

from segsmith.errors import UserError


def write_json(path: Path, value: Any) -> None:
    """Beside, then renamed: never half written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", fix="choose another place", path=path) from None
    finally:
        beside.unlink(missing_ok=True)


def read_record(path: Path, kind: str, version: int) -> dict[str, Any]:
    """The object in a file that begins with ``segsmith_KIND: VERSION``, without that."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no such {kind}", path=path) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", path=path) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"is no {kind}: it is not JSON ({error})", path=path) from None
    found = record.pop(f"segsmith_{kind}", None) if isinstance(record, dict) else None
    if not isinstance(found, int):
        raise UserError(f"is no {kind} of segsmith", path=path)
    if found != version:
        raise UserError(f"is a {kind} of version {found}, and this is for {version}", fix="make it anew", path=path)
    return dict(record)
