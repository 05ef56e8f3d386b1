"""What a declared field needs to be answered."""

from strawberry.types.field import StrawberryField


def is_plain(declared: StrawberryField) -> bool:
    """There for the taking: an attribute, or a method that needs nothing but its object."""
    resolver = declared.base_resolver
    if resolver is None:
        return True
    lone = resolver.self_parameter is not None and len(resolver.signature.parameters) == 1
    return lone and not declared.is_async
