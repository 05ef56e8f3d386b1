// Apollo Client without React: node apollo.mjs <url> <access token> <id of a tenant>. One JSON object.
import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { filter, firstValueFrom } from "rxjs";

const [url, token, tenant] = process.argv.slice(2);
const requests = [];

const counted = (address, init) => {
  const { query, extensions } = JSON.parse(init.body);
  requests.push({ sentText: query !== undefined, sentHash: extensions?.persistedQuery !== undefined });
  return fetch(address, init);
};
const headers = { Authorization: `Bearer ${token}` };
const http = new HttpLink({ uri: url, headers, fetch: counted });
const persisted = new PersistedQueryLink({ sha256: (text) => createHash("sha256").update(text).digest("hex") });
const socket = createClient({ url: url.replace("http:", "ws:"), connectionParams: headers, webSocketImpl: WebSocket });

const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    persisted.concat(http),
  ),
  cache: new InMemoryCache({
    typePolicies: {
      Query: { fields: { tenants: relayStylePagination() } },
      Tenant: { fields: { kpis: relayStylePagination() } },
    },
  }),
});

const TENANTS = gql`
  query Tenants($first: Int!, $after: String) {
    tenants(first: $first, after: $after) {
      edges { cursor node { id name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;
const KPIS = gql`
  query Kpis($tenant: ID!, $first: Int = 3, $after: String) {
    tenant(id: $tenant) {
      id
      kpis(first: $first, after: $after) {
        edges { cursor node { id metricKey value(period: THIS_YEAR) { n nullReason } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`;
const ADOPT = gql`
  mutation Adopt($input: KpiCreateInput!) {
    kpiCreate(input: $input) { kpi { id metricKey } userErrors { field code } }
  }
`;
const LOST = gql`query Lost($id: ID!) { tenant(id: $id) { id name } }`;
const CHANGES = gql`
  subscription Changes($tenant: ID!) { metricChanged(tenantId: $tenant) { kpis { id metricKey } } }
`;

/** All pages of a connection, merged in the cache. */
async function all(query, variables, connectionOf) {
  const watched = client.watchQuery({ query, variables });
  const subscription = watched.subscribe();
  let { data } = await firstValueFrom(watched.pipe(filter(({ loading }) => !loading)));
  for (let pages = 1; pages < 10; pages++) {
    const { edges, pageInfo } = connectionOf(data);
    if (!pageInfo.hasNextPage) {
      subscription.unsubscribe();
      return { pages, nodes: edges.map((each) => each.node) };
    }
    await watched.fetchMore({ variables: { after: pageInfo.endCursor } });
    data = client.readQuery({ query, variables });
  }
}

const adopted = async (input) =>
  (await client.mutate({ mutation: ADOPT, variables: { input: { tenantId: tenant, ...input } } })).data.kpiCreate;

async function codes(query, variables) {
  try {
    await client.query({ query, variables, fetchPolicy: "no-cache" });
    return [];
  } catch (refused) {
    if (!CombinedGraphQLErrors.is(refused)) throw refused;
    return refused.errors.map((each) => each.extensions.code);
  }
}

const told = (query, variables) =>
  new Promise((resolve, reject) => {
    const subscription = client.subscribe({ query, variables }).subscribe({
      next: (result) => (subscription.unsubscribe(), resolve(result)),
      error: reject,
    });
  });

const tenants = await all(TENANTS, { first: 2 }, (data) => data.tenants);
const sent = requests.splice(0);
const kpis = await all(KPIS, { tenant }, (data) => data.tenant.kpis);
const key = { metricKey: "new_customers", idempotencyKey: "apollo" };
const result = {
  tenants: { pages: tenants.pages, names: tenants.nodes.map((each) => each.name) },
  kpis: { pages: kpis.pages, keys: kpis.nodes.map((each) => each.metricKey) },
  requests: sent,
  refused: (await adopted({ metricKey: "unheard_of" })).userErrors,
  adopted: [await adopted(key), await adopted(key)],
  codes: [await codes(LOST, { id: "ten_nonsense" }), await codes(TENANTS, { first: 101 })],
  told: await told(CHANGES, { tenant }),
};
console.log(JSON.stringify(result));
await socket.dispose();
client.stop();
