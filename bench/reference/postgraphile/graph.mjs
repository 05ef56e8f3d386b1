// PostGraphile as its documentation has it, in production: `node graph.mjs PORT`. Which tenants may be read is said in a
// header: the database guards them, and to prove who asks is left out, in its favor.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const POOL = Number(process.env.BENCH_POOL); // as many as production has

const server = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.BENCH_DATABASE_URL,
      schemas: ["graph"],
      poolConfig: { min: POOL, max: POOL, idleTimeoutMillis: 0, application_name: process.env.BENCH_APPLICATION },
    }),
  ],
  grafast: {
    context: (request) => ({ pgSettings: { "app.tenant_ids": request.node?.req.headers["bench-tenants"] } }),
  },
  grafserv: { graphiql: false, websockets: false, watch: false },
}).createServ(grafserv);

const answer = server.createHandler();
await server.ready();
createServer((request, response) => (request.url === "/readyz" ? response.end() : answer(request, response))).listen(
  Number(process.argv[2]),
  "127.0.0.1",
);
