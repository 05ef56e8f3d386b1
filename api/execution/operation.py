"""What is settled of a document before it is validated: which operation is meant, and that it stays within limits."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension

from api.execution.limits import refuse_excess


class BeforeValidation(SchemaExtension):
    """Raises GraphQLError, which the library makes the answer."""

    def on_parse(self) -> Iterator[None]:
        yield
        document = self.execution_context.graphql_document
        if document is not None:
            _require_operation(document, self.execution_context._provided_operation_name)
            refuse_excess(document)


def _require_operation(document: DocumentNode, wanted: str | None) -> None:
    """The library would run the first of several, and fail without an answer where there is none."""
    names = [
        None if each.name is None else each.name.value
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    ]
    if wanted is None and len(names) > 1:
        raise _refuse("OPERATION_NAME_REQUIRED", "The document has several operations: `operationName` says which.")
    if not names or (wanted is not None and wanted not in names):
        raise _refuse("OPERATION_NOT_FOUND", "The document has no such operation.")


def _refuse(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
