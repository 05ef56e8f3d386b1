"""What the garbage collector of a process that goes on for long walks through."""

import gc
import logging

log = logging.getLogger(__name__)

# An answer makes thousands of objects and drops them together: there is little to find in a collection every 700.
THRESHOLDS = (50_000, 5, 8)


def settle_memory() -> None:
    """The modules, the schema and the models stay for good: no collection shall walk through them again.

    Of a process that does nothing but serve or work. Whoever shares one, as tests do, would keep what others have left
    over.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    log.info("memory settled", extra={"objects": gc.get_freeze_count(), "threshold": gc.get_threshold()[0]})
