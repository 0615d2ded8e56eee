/**
 * A worker that tells mail programs their settings, and says to `POST /judge?from=&to=` with a message whether it
 * would be accepted, and why: `deno serve examples/edge.ts`, or any runtime that calls `fetch`. No socket, no disk.
 */
import { Effect, Layer } from "effect";
import { makeHandler, offerOf } from "@postern/postern/discovery";
import { defaultPolicies, standardLimits, standardRepairs } from "@postern/postern/policy";
import {
  type Account,
  Accounts,
  Ids,
  noFilters,
  noHolds,
  noHopMemory,
  noSigner,
  noSitePolicy,
  parseMailbox,
  pipeline,
  policyLayer,
  readMessageFile,
  Resolver,
} from "@postern/postern/stages";

const hostname = "mail.example.com";
const offer = offerOf({ domain: "example.com" }, {
  host: hostname,
  submission: [587],
  submissions: [465],
  web: hostname,
});
const settings = makeHandler({ offers: [offer], autodiscoverV2: false });

const notAsked = Effect.succeed({ _tag: "NotAsked" } as const);
const world = (account: Account) =>
  Layer.mergeAll(
    Layer.mock(Accounts)({ find: () => Effect.succeed(account) }),
    Layer.mock(Resolver)({ mailExchangers: () => notAsked }),
    Layer.succeed(Ids, {
      queueId: () => crypto.randomUUID(),
      messageIdLeft: () => crypto.randomUUID(),
    }),
    policyLayer(defaultPolicies, {
      rights: { localDomains: null, separator: "+" },
      headers: standardRepairs,
      limits: standardLimits,
      routes: [{
        pattern: "*",
        hop: { _tag: "MxOfRecipient", port: 25, tls: "opportunistic" },
        credentials: null,
        ca: null,
      }],
    }),
    noSigner,
    noFilters,
    noHolds,
    noHopMemory,
    noSitePolicy,
  );

/** What the stages say of the message in the body of a request. */
const judge = async (request: Request): Promise<Response> => {
  const { searchParams } = new URL(request.url);
  const from = parseMailbox(searchParams.get("from") ?? "");
  const to = parseMailbox(searchParams.get("to") ?? "");
  if (from === null || to === null) {
    return new Response("from= and to= are addresses\n", { status: 400 });
  }
  const octets = new Uint8Array(await request.arrayBuffer());
  const { head, hasBody, body } = readMessageFile(octets, { messageBytes: 1e6, headerBytes: 1e5 });
  const id = searchParams.get("from") ?? "";
  const account: Account = {
    id,
    primary: from,
    aliases: [],
    disabled: false,
    minimum: "plain",
    certificates: [],
    revision: 1,
  };
  const result = await Effect.runPromise(
    pipeline({
      _tag: "Received",
      id: crypto.randomUUID(),
      receivedAt: Date.now(),
      session: {
        id,
        listener: "submissions",
        clientAddress: "192.0.2.1",
        clientPort: 0,
        helo: "edge",
        extended: true,
        tls: null,
      },
      hostname,
      login: id,
      envelope: {
        returnPath: from,
        recipients: [{ mailbox: to }],
        body: "8BITMIME",
        smtpUtf8: false,
        declaredSize: null,
      },
      head,
      hasBody,
      body,
      trail: [],
    }).pipe(
      Effect.map(({ trail }) => ({ accepted: true, trail })),
      Effect.catchTag(
        "Refusal",
        ({ reply, trail }) => Effect.succeed({ accepted: false, reply, trail }),
      ),
      Effect.provide(world(account)),
    ),
  );
  return Response.json(result);
};

export default {
  fetch: (request: Request): Promise<Response> =>
    request.method === "POST" && new URL(request.url).pathname === "/judge"
      ? judge(request)
      : settings(request),
};
