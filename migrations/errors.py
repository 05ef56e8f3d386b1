class SchemaInUse(Exception):
    """Somebody held a lock for longer than a migration waits."""

    def __init__(self) -> None:
        super().__init__(
            "The migration did not get a lock in time, because another session holds a table it changes; nothing was "
            "changed. Try again, or see in pg_stat_activity who has had a transaction open for long."
        )
