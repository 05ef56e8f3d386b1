// What a front end's server does first: clients page by page, a KPI, a board, and news of it as it changes.
//
//     npm install && npm run codegen && npm run check
//     AZIMUTH=https://api.example.com CLIENT_ID=... CLIENT_SECRET=... npm start
import { createClient } from "graphql-ws";

import { accessToken, address, ask } from "./azimuth.ts";
import type { BoardQuery, ChangesSubscription, TenantsQuery } from "./gql/graphql.ts";
import { graphql } from "./gql/index.ts";

const Tenants = graphql(`
  query Tenants($after: String) {
    tenants(first: 2, after: $after) {
      nodes {
        id
        name
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const Adopt = graphql(`
  mutation Adopt($input: KpiCreateInput!) {
    kpiCreate(input: $input) {
      kpi {
        id
        name
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

const Aim = graphql(`
  mutation Aim($input: TargetCreateInput!) {
    targetCreate(input: $input) {
      target {
        id
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

const Board = graphql(`
  query Board($tenant: ID!) {
    tenant(id: $tenant) {
      name
      currency
      today
      kpis(first: 25) {
        nodes {
          name
          value(period: THIS_MONTH) {
            value
            unit
            nullReason
          }
          target {
            value
            dueOn
            status
          }
        }
      }
    }
  }
`);

const Changes = graphql(`
  subscription Changes($tenant: ID!) {
    metricChanged(tenantId: $tenant) {
      kpis {
        name
        value(period: THIS_MONTH) {
          value
          nullReason
        }
      }
    }
  }
`);

async function* tenants() {
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: TenantsQuery["tenants"] = (await ask(Tenants, { after })).tenants;
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

/** What the user has to mend is no failure: it is said with the place in the input. */
function tell(userErrors: { field: string[]; code: string; message: string }[]) {
  for (const { field, code, message } of userErrors) console.log(`${field.join(".")}: ${code}: ${message}`);
}

/** Sent again with one key, because no answer came for instance, it is done once. */
async function adopt(tenantId: string, metricKey: string) {
  const idempotencyKey = `adopt ${metricKey} for ${tenantId}`;
  const { kpi, userErrors } = (await ask(Adopt, { input: { tenantId, metricKey, idempotencyKey } })).kpiCreate;
  tell(userErrors);
  return kpi?.id;
}

/** Numbers are strings, so that no digit is lost; days are `2026-11-22`. */
async function aim(kpiId: string, startOn: string) {
  const dueOn = new Date(Date.parse(startOn) + 90 * 86_400_000).toISOString().slice(0, 10);
  const input = { kpiId, value: "120.5", startValue: "100", startOn, dueOn, idempotencyKey: `aim ${kpiId}` };
  tell((await ask(Aim, { input })).targetCreate.userErrors);
}

type Shown = NonNullable<BoardQuery["tenant"]>;

async function board(tenant: string): Promise<Shown> {
  const { tenant: found } = await ask(Board, { tenant });
  if (!found) throw new Error("null comes with an error, and `ask` throws those");
  return found;
}

function show(board: Shown) {
  console.log(`${board.name} on ${board.today}, money in ${board.currency}`);
  for (const { name, value, target } of board.kpis.nodes) {
    const goal = target ? `, ${target.status} for ${target.value} by ${target.dueOn}` : "";
    console.log(`  ${name}: ${value?.value ?? value?.nullReason}${goal}`);
  }
}

/** The present state at once, and again whenever something of it has changed. */
async function* changes(tenant: string) {
  const client = createClient({
    url: `${address.replace(/^http/, "ws")}/graphql`,
    connectionParams: async () => ({ Authorization: `Bearer ${await accessToken()}` }),
  });
  try {
    const asked = { query: Changes.toString(), variables: { tenant } };
    for await (const { data, errors } of client.iterate<ChangesSubscription>(asked)) {
      if (!data) throw new Error(errors?.map((each) => each.message).join("\n"));
      yield data.metricChanged.kpis;
    }
  } finally {
    await client.dispose();
  }
}

const names = new Map<string, string>();
for await (const { id, name } of tenants()) names.set(id, name);
console.log(`clients: ${[...names.values()].join(", ")}`);

const [first] = names.keys();
if (!first) throw new Error("there is no client yet: `tenantCreate` opens one");
const kpi = await adopt(first, "orders");
await adopt(first, "order"); // which there is not
if (kpi) await aim(kpi, (await board(first)).today);
show(await board(first));
for await (const kpis of changes(first)) {
  console.log(`told: ${kpis.map((each) => `${each.name} ${each.value?.value ?? each.value?.nullReason}`).join(", ")}`);
}
