/** What `[replica]` asks for: a link to the server that keeps copies of ours, and a listener for those of others. */
import { Console, Duration, Effect } from "effect";
import type { Config } from "../config/config.ts";
import type { ReplicaSettings } from "../replica/replicated_spool.ts";
import { serveCopies } from "../replica/replica_listener.ts";

/** Null: no message of ours is copied. */
export const replicaSettingsOf = ({ replica, hostname }: Config): ReplicaSettings | null =>
  replica === null || replica.to === null ? null : {
    ...replica.to,
    ca: replica.ca,
    secret: replica.secret,
    node: hostname,
    connectMs: 10_000,
    pingMs: 5_000,
    answerMs: 15_000,
    retryMs: { first: 500, most: 30_000 },
    waitMs: Duration.toMillis(replica.wait),
    lookMs: 10_000,
  };

/** Listens for the copies of others, where it is configured. */
export const serveReplicas = Effect.fnUntraced(function* ({ replica, hostname, limits }: Config) {
  if (replica === null || replica.listen.length === 0) return;
  const ports = yield* serveCopies({
    listen: replica.listen,
    node: hostname,
    nodes: replica.nodes,
    secret: replica.secret,
    messageBytes: limits.messageBytes + limits.headerBytes,
    handshakeMs: Duration.toMillis(limits.handshake),
  });
  for (const [i, { host }] of replica.listen.entries()) {
    yield* Console.log(`keeps copies for ${replica.nodes.join(", ")} on ${host}:${ports[i]}`);
  }
});
