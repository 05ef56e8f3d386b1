// Relay's runtime without React, page by page as usePaginationFragment does it: node run.cjs <url> <access token>
// <id of a tenant> <an id that is nobody's>. One JSON object.
const {
  Environment, Network, RecordSource, Store,
  commitMutation, createOperationDescriptor, fetchQuery,
  getPaginationMetadata, getPaginationVariables, getRefetchMetadata, getSingularSelector,
} = require("relay-runtime");

const [url, token, tenant, nobodys] = process.argv.slice(2);
const artifact = (name) => require(`./src/__generated__/${name}.graphql.js`);
const requests = [];

async function post({ name, text }, variables) {
  requests.push(name);
  const answer = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query: text, variables }),
  });
  return await answer.json();
}

const environment = new Environment({ network: Network.create(post), store: new Store(new RecordSource()) });
const once = (query, variables) => fetchQuery(environment, query, variables).toPromise();

function read(fragment, ref) {
  const selector = getSingularSelector(fragment, ref);
  return { selector, data: environment.lookup(selector).data };
}

/** All pages of the connection in a fragment. */
async function all(fragment, ref, count) {
  const known = getPaginationMetadata(fragment, "the test");
  for (let pages = 1; pages < 10; pages++) {
    const { selector, data } = read(fragment, ref);
    const connection = known.connectionPathInFragmentData.reduce((each, name) => each[name], data);
    if (!connection.pageInfo.hasNextPage) return { pages, connection, nodes: connection.edges.map((each) => each.node) };
    const given = { ...selector.owner.variables, ...selector.variables };
    const variables = getPaginationVariables(
      "forward", count, connection.pageInfo.endCursor, given, {}, known.paginationMetadata,
    );
    await once(known.paginationRequest, { ...variables, ...identified(fragment, data) });
  }
}

/** What names the node whose fragment it is, if it is one of a node. */
function identified(fragment, data) {
  const { identifierInfo: info } = getRefetchMetadata(fragment, "the test");
  return info == null ? {} : { [info.identifierQueryVariableName]: data[info.identifierField] };
}

/** As useRefetchableFragment asks it again, with other arguments. */
async function refetched(fragment, ref, given) {
  const { refetchableRequest } = getRefetchMetadata(fragment, "the test");
  const variables = { ...given, ...identified(fragment, read(fragment, ref).data) };
  const answer = await once(refetchableRequest, variables);
  return read(fragment, answer.node).data;
}

const adopted = (input, connection) =>
  new Promise((onCompleted, onError) =>
    commitMutation(environment, {
      mutation: artifact("BoardAdoptMutation"),
      variables: { input, connections: [connection] },
      onCompleted: ({ kpiCreate }) => onCompleted(kpiCreate),
      onError,
    }),
  );

async function main() {
  const board = artifact("BoardQuery");
  environment.retain(createOperationDescriptor(board, {}));
  const root = await once(board, {});
  const tenants = await all(artifact("Board_tenants"), root, 2);
  const chosen = tenants.nodes.find((each) => each.id === tenant);
  const kpis = await all(artifact("Board_kpis"), chosen, 3);
  const again = await refetched(artifact("Board_kpi"), kpis.nodes[0], { period: "THIS_YEAR" });
  const first = await adopted({ tenantId: tenant, metricKey: "unheard_of" }, kpis.connection.__id);
  const second = await adopted({ tenantId: tenant, metricKey: "gross_revenue" }, kpis.connection.__id);
  const after = await all(artifact("Board_kpis"), chosen, 3);
  const found = await once(artifact("BoardNodeQuery"), { id: tenant });
  const lost = await once(artifact("BoardNodeQuery"), { id: nobodys });
  console.log(
    JSON.stringify({
      tenants: { pages: tenants.pages, names: tenants.nodes.map((each) => each.name) },
      kpis: { pages: kpis.pages, keys: kpis.nodes.map((each) => each.metricKey) },
      refetched: again,
      refused: first.userErrors,
      adopted: { errors: second.userErrors, keys: after.nodes.map((each) => each.metricKey) },
      found,
      lost,
      requests,
    }),
  );
}

main();
