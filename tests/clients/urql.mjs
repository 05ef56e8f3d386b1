// urql without React, with its normalized cache: node urql.mjs <url> <access token> <id of a tenant>. One JSON object.
import { Client, fetchExchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

const [url, token, tenant] = process.argv.slice(2);

const client = new Client({
  url,
  exchanges: [
    cacheExchange({
      keys: Object.fromEntries(["MetricValue", "UserError", "MetricChange"].map((name) => [name, () => null])),
      resolvers: { Query: { tenants: relayPagination() }, Tenant: { kpis: relayPagination() } },
    }),
    fetchExchange,
  ],
  fetchOptions: { headers: { Authorization: `Bearer ${token}` } },
  fetchSubscriptions: true,
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

async function asked(query, variables, context) {
  const { data, error } = await client.query(query, variables, context).toPromise();
  if (error) throw error;
  return data;
}

/** All pages of a connection, merged in the cache. */
async function all(query, variables, connectionOf) {
  let { edges, pageInfo } = connectionOf(await asked(query, variables));
  for (let pages = 1; pages < 10; pages++) {
    if (!pageInfo.hasNextPage) return { pages, nodes: edges.map((each) => each.node) };
    ({ edges, pageInfo } = connectionOf(await asked(query, { ...variables, after: pageInfo.endCursor })));
  }
}

async function adopted(input) {
  const { data, error } = await client.mutation(ADOPT, { input: { tenantId: tenant, ...input } }).toPromise();
  if (error) throw error;
  return data.kpiCreate;
}

async function codes(query, variables) {
  const { error } = await client.query(query, variables).toPromise();
  return error?.graphQLErrors.map((each) => each.extensions.code) ?? [];
}

const told = (query, variables) =>
  new Promise((resolve) => {
    const { unsubscribe } = client.subscription(query, variables).subscribe(({ data, error }) => {
      resolve(error ? { error: error.message } : { data });
      setImmediate(() => unsubscribe());
    });
  });

const tenants = await all(TENANTS, { first: 2 }, (data) => data.tenants);
const kpis = await all(KPIS, { tenant }, (data) => data.tenant.kpis);
const key = { metricKey: "refund_rate", idempotencyKey: "urql" };
console.log(
  JSON.stringify({
    tenants: { pages: tenants.pages, names: tenants.nodes.map((each) => each.name) },
    kpis: { pages: kpis.pages, keys: kpis.nodes.map((each) => each.metricKey) },
    refused: (await adopted({ metricKey: "unheard_of" })).userErrors,
    adopted: [await adopted(key), await adopted(key)],
    codes: [await codes(LOST, { id: "ten_nonsense" }), await codes(TENANTS, { first: 101 })],
    told: await told(CHANGES, { tenant }),
  }),
);
