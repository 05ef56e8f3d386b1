"""The schema as the page explains it, and the fields it puts into the query."""

from importlib.resources import files

from graphql import build_schema, graphql_sync, parse, validate

from tests.browser import CONTROL, Browser
from tests.integration.explorer.server import TOKEN, WRITE_ONLY_TOKEN, ExplorerServer
from tests.integration.explorer.steps import query_of, run, write


def test_docs_wait_for_a_token_and_say_when_it_is_not_enough(page: Browser, server: ExplorerServer) -> None:
    assert "Set a token to read the schema." in page.find("#panel-docs").text
    page.button("Try without", "#panel-docs").click()
    page.until(lambda: "asks for a token before it shows its schema (HTTP 401)" in page.find("#panel-docs").text)
    page.run("location.hash = arguments[0]", f"token={WRITE_ONLY_TOKEN}")
    page.until(lambda: "This token may not read the schema (HTTP 403)." in page.find("#panel-docs").text)
    page.run("location.hash = arguments[0]", f"token={TOKEN}")
    page.until(lambda: page.button("Mutation", "#panel-docs"))


def test_docs_walk_from_type_to_type(signed_in: Browser) -> None:
    signed_in.button("Query", "#panel-docs").click()
    assert "Everything that can be read." in signed_in.find("#panel-docs").text
    signed_in.button("KpiPage!", "#panel-docs").click()
    signed_in.button("[Kpi!]!", "#panel-docs").click()
    assert (
        signed_in.find("[data-member=name]").text.split("\n")[1] == "What the owner calls it, such as Repeat purchases."
    )
    assert "Deprecated: Use id." in signed_in.find("[data-member=code]").text.replace("`", "")
    signed_in.button("KpiPage", ".crumbs").click()
    assert signed_in.find(".docs-body h2").text == "KpiPage object"


def test_docs_are_searched(signed_in: Browser) -> None:
    signed_in.find("#panel-docs input").type("idempot")
    assert signed_in.find(".docs-body").text.split("\n") == ["1 found", "KpiRename.idempotencyKey"]
    signed_in.find(".hit").click()
    assert signed_in.find(".sought").text == "idempotencyKey: String = null"
    signed_in.find("#panel-docs input").type("kpi.")
    found = signed_in.texts(".hit")
    assert found == ["Kpi.id", "Kpi.name", "Kpi.value", "Kpi.code"]
    signed_in.find("#panel-docs input").type("nothing like it")
    assert signed_in.find(".docs-body").text == "Nothing found"


def test_fields_clicked_in_the_docs_make_a_query_that_runs(signed_in: Browser, server: ExplorerServer) -> None:
    write(signed_in, "")
    signed_in.button("Query", "#panel-docs").click()
    signed_in.button("kpis", "#panel-docs").click()
    assert query_of(signed_in) == "query Kpis {\n  kpis {\n    nodes {\n      id\n      name\n    }\n  }\n}\n"
    signed_in.button("kpi", "#panel-docs").click()
    signed_in.button("Kpi", "#panel-docs").click()
    signed_in.button("value", "#panel-docs").click()
    last = '  kpi(id: "") {\n    id\n    value\n    name\n  }\n}\n'
    assert query_of(signed_in).endswith(last)
    assert "errors" not in run(signed_in)
    signed_in.find("#query").type(CONTROL + "z")
    assert query_of(signed_in).endswith(last.replace("    value\n", ""))


def test_a_mutation_from_the_docs_brings_its_required_input(signed_in: Browser) -> None:
    write(signed_in, "query Mine { __typename }")
    signed_in.button("Mutation", "#panel-docs").click()
    signed_in.button("kpiRename", "#panel-docs").click()
    assert query_of(signed_in).startswith("query Mine { __typename }\n\nmutation KpiRename {\n")
    assert 'kpiRename(input: { id: "", name: "" }) {' in query_of(signed_in)
    assert "kpi {\n      id\n      name\n    }\n    userErrors {" in query_of(signed_in)
    assert run(signed_in)["data"]["kpiRename"]["userErrors"][0]["code"] == "NAME_EMPTY"


def test_a_field_needs_a_selection_to_go_into(signed_in: Browser) -> None:
    write(signed_in, "")
    signed_in.find("#panel-docs input").type("Kpi.name")
    signed_in.find(".hit").click()
    signed_in.button("name", "#panel-docs").click()
    assert signed_in.find("#announcer").text == "Put the cursor inside a selection of Kpi first."
    assert query_of(signed_in) == ""


def test_every_field_of_our_own_schema_can_be_inserted_and_is_valid(page: Browser) -> None:
    schema = build_schema(files("api").joinpath("schema.graphql").read_text())
    introspect = """
        const [kind, data] = arguments;
        const at = (name) => document.querySelector('script[src]').src.replace('main.js', name);
        const { INTROSPECTION, modelOf } = await import(at('schema.js'));
        const { fieldSnippet } = await import(at('snippet.js'));
        if (kind === 'query') return INTROSPECTION;
        const model = modelOf(data.__schema);
        return ['query', 'mutation'].flatMap((operation) => model.types.get(model.roots[operation]).fields
          .map((field) => `${operation} { ${fieldSnippet(model, field).text} }`));
    """
    asked = page.run(f"return (async function () {{ {introspect} }})(...arguments)", "query")
    described = graphql_sync(schema, asked)
    assert described.errors is None
    documents = page.run(f"return (async function () {{ {introspect} }})(...arguments)", "documents", described.data)
    assert len(documents) > 10
    for document in documents:
        # A list is left empty and an id unknown; that every name and shape is right is what can be known beforehand.
        assert validate(schema, parse(document)) == [], document
