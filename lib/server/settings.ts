/** What a submission server goes by where nobody says otherwise. */
import { Duration } from "effect";
import { mechanismsOf, USUAL_MECHANISMS } from "../sasl/all.ts";
import { NO_OPTIONS } from "../smtp/server/extensions/all.ts";
import { ClientLog } from "./limits/client_log.ts";
import { Load } from "./limits/load.ts";
import { Quota } from "./limits/quota.ts";
import type { ServerSettings } from "./server.ts";
import { SignedIn } from "./session/signed_in.ts";

const CONNECTIONS_PER_ACCOUNT = 100;
const LINES_PER_CLIENT = 100;

/**
 * The defaults of the configuration file, with no listener: give `submission` or `submissions`. `hostname` is this
 * server's fully qualified name, for greeting, EHLO and Received. RFC 6409 §4.2, RFC 5321 §4.5.3
 *
 * Each call makes counters of its own (quota, load, sign-ins): one call for one server.
 */
export const serverSettings = (hostname: string): ServerSettings => ({
  hostname,
  within: Duration.seconds(110),
  quota: new Quota({ messagesPerHour: 0, recipientsPerHour: 0, nullSendersPerHour: 0 }),
  newRecipientsPerDay: 0,
  clientLog: new ClientLog(LINES_PER_CLIENT),
  refusedLog: new ClientLog(LINES_PER_CLIENT),
  signedIn: new SignedIn(CONNECTIONS_PER_ACCOUNT),
  load: new Load(),
  withoutQueue: false,
  onAccepted: null,
  onPassed: null,
  submission: [],
  submissions: [],
  proxyFrom: [],
  xclientFrom: [],
  limits: {
    messageBytes: 36_700_160,
    recipients: 1000,
    messagesPerSession: 10_000,
    commandLineBytes: 4096,
    authLineBytes: 12_288,
    headerBytes: 262_144,
    errors: 20,
    idleCommands: 100,
    authFailures: 3,
    connections: 10_000,
    connectionsPerAddress: 100,
    idle: Duration.minutes(5),
    data: Duration.minutes(3),
    handshake: Duration.minutes(1),
  },
  extensions: NO_OPTIONS,
  heldMessages: 100,
  mechanisms: mechanismsOf(USUAL_MECHANISMS, null),
  grace: Duration.seconds(30),
});
