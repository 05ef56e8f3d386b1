"""Secrets in files of their own, made once."""

import os
from pathlib import Path


def make_once(file: Path, content: bytes) -> bytes:
    """What the file holds, which is `content` if it was not there. Of several processes at once the first one wins.

    Only the owner may read it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_bytes()
