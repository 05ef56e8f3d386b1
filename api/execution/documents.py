"""Documents: parsed, held to the limits and validated once, and remembered with the verdict."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate
from strawberry.extensions import SchemaExtension

from api.execution.coordinates import fields_of
from api.execution.limits import MOST_TOKENS, refuse_excess, refuse_many_values
from tenants.access.actor import Actor, Bounds
from tenants.errors import Denied

MOST_CHARACTERS = 80_000
"""Of all that is remembered: some 15 MB as it lies in memory, with its plans."""
LEAST_CHARACTERS = 100
"""As many as the shortest document weighs, whatever its length."""


@dataclass(frozen=True)
class Document:
    """Read and judged. With errors it is not carried out."""

    schema: GraphQLSchema
    node: DocumentNode
    errors: Sequence[GraphQLError]
    characters: int

    @cached_property
    def bare_errors(self) -> Sequence[GraphQLError]:
        """Without suggestions, for those who may not explore."""
        return validate(self.schema, self.node, hide_suggestions=True) if self.errors else ()

    @cached_property
    def introspects(self) -> bool:
        return any(each.endswith((".__schema", ".__type")) for each in self.fields)

    @cached_property
    def fields(self) -> frozenset[str]:
        return fields_of(self.schema, self.node)


def judge(schema: GraphQLSchema, text: str) -> Document:
    """Raises GraphQLError for what is no document, or one beyond the limits."""
    node = parse(text, max_tokens=MOST_TOKENS)
    refuse_excess(node)
    return Document(schema, node, validate(schema, node), max(len(text), LEAST_CHARACTERS))


class Documents:
    """Those asked last."""

    def __init__(self, schema: GraphQLSchema, *, most: int = MOST_CHARACTERS) -> None:
        self._schema = schema
        self._most = most
        self._known: OrderedDict[bytes, Document] = OrderedDict()
        self._characters = 0

    def read(self, text: str) -> Document:
        """Raises GraphQLError for what is no document, or one beyond the limits: to find that out costs little."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        found = self._known.get(digest)
        if found is None:
            found = self._judge(text)
            self._remember(digest, found)
        else:
            self._known.move_to_end(digest)
        return found

    def _judge(self, text: str) -> Document:
        return judge(self._schema, text)

    def _remember(self, digest: bytes, document: Document) -> None:
        self._known[digest] = document
        self._characters += document.characters
        while self._characters > self._most:
            self._characters -= self._known.popitem(last=False)[1].characters


class Remembering(SchemaExtension):
    """Parses and validates in the library's place. Raises GraphQLError, which the library makes the answer."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        refuse_many_values(context.variables)
        document = self._documents.read(context.query or "")
        _require_operation(document.node, context._provided_operation_name)
        context.graphql_document = document.node
        actor = context.context.actor
        context.pre_execution_errors = list(document.errors if actor.may_explore else document.bare_errors)
        if not document.errors:
            _hold_to(actor.bounds, document)
            _let_explore(actor, document)
        yield


def _hold_to(bounds: Bounds | None, document: Document) -> None:
    """To the fields that an embed token names, if it names any."""
    if bounds is not None and bounds.fields:
        beyond = sorted(document.fields - bounds.fields)
        if beyond:
            raise GraphQLError(
                f"The embed token does not cover the field {beyond[0]}.",
                extensions={"code": "FORBIDDEN_FIELD", "forbiddenFields": beyond},
            )


def _let_explore(actor: Actor, document: Document) -> None:
    if document.introspects:
        try:
            actor.require_exploring()
        except Denied as refusal:
            raise GraphQLError(refusal.message, original_error=refusal) from None


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
