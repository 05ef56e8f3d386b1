// As many processes as production has behind one port, as Node's documentation has it: `node server.mjs PORT`.
import cluster from "node:cluster";

const PROCESSES = Number(process.env.BENCH_PROCESSES);

if (PROCESSES > 1 && cluster.isPrimary) {
  // Another one in the place of one that is lost would hide that a server fell over while it was measured.
  cluster.on("exit", () => process.exit(1));
  for (let number = 0; number < PROCESSES; number++) cluster.fork();
} else {
  await import("./graph.mjs");
}

// Like every process of a benchmark it ends with the one that started it, however that ended.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 1000).unref();
