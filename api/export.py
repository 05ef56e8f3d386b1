from pathlib import Path

from api.schema import schema

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")


def exported() -> str:
    return schema.as_str() + "\n"
