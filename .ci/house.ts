/** The rooms of the house: floor by floor, with one line for each. `layers.ts` checks imports against it and prints the map. */

export interface Room {
  readonly name: string;
  /** What one finds there; the map's line. */
  readonly about: string;
  /** Rooms inside, lowest first; those of one group do not import each other. */
  readonly inside?: ReadonlyArray<ReadonlyArray<string>>;
}

export interface Floor {
  readonly name: string;
  /** Numbers of the floors below that it may import. */
  readonly may: ReadonlyArray<number>;
  /** `left`: a room may import those to its left; `no`: rooms of the floor do not import each other. */
  readonly sideways: "left" | "no";
  /** No `Deno.*`, no `node:`: it runs in any JavaScript runtime. */
  readonly pure: boolean;
  readonly rooms: ReadonlyArray<Room>;
}

export const FLOORS: ReadonlyArray<Floor> = [
  {
    name: "domain",
    may: [],
    sideways: "left",
    pure: true,
    rooms: [
      { name: "timing", about: "a signal to wake up by, the back-off, counts within an hour" },
      { name: "reply", about: "every SMTP reply once, and how a reply is written" },
      { name: "address", about: "domains, mailboxes, patterns, grants, rewriting rules" },
      {
        name: "message",
        about: "header fields, dates, address lists; reading, editing and writing a header",
        inside: [["dkim", "mime"], ["report"]],
      },
      { name: "envelope", about: "return path, recipients, session and login of a submission" },
    ],
  },
  {
    name: "ports",
    may: [0],
    sideways: "no",
    pure: true,
    rooms: [{
      name: "ports",
      about: "what stages and services need of each other, as Effect services",
    }],
  },
  {
    name: "stages",
    may: [0, 1],
    sideways: "no",
    pure: true,
    rooms: [{
      name: "stages",
      about:
        "the six stages and the optional ones; pipeline.ts composes them; fix/ has one repair a file",
      inside: [["fix"]],
    }],
  },
  {
    name: "protocols",
    may: [0, 1],
    sideways: "left",
    pure: true,
    rooms: [
      { name: "sasl", about: "SASL mechanisms as pure step functions" },
      {
        name: "smtp",
        about: "SMTP machines of server and client; command and data syntax",
        inside: [["syntax"], ["server", "client"]],
      },
      {
        name: "discovery",
        about: "one model of a domain's services; published, served, discovered and checked",
        inside: [["publish"], ["discover"], ["serve"], ["check"]],
      },
    ],
  },
  {
    name: "ground",
    may: [0, 1, 3],
    sideways: "left",
    pure: false,
    rooms: [
      { name: "files", about: "files that are written whole: small kept files, Maildir" },
      { name: "tls", about: "certificates, key pairs, DER" },
      {
        name: "net",
        about: "sockets, TLS streams, PROXY protocol, probes; http/ has both halves of HTTP",
        inside: [["http"]],
      },
      {
        name: "notices",
        about:
          "messages that Postern itself writes: delivery status notifications, and their signing",
      },
    ],
  },
  {
    name: "services",
    may: [0, 1, 3, 4],
    sideways: "no",
    pure: false,
    rooms: [
      {
        name: "accounts",
        about: "accounts in SQLite, signing in, throttling of logins, what is usual for an account",
        inside: [["throttle"], ["store"], ["sign_in", "usual"]],
      },
      {
        name: "spool",
        about:
          "the queue: database/ runs on the thread of SQLite, thread/ on the event loop's side of it",
        inside: [["database"], ["thread"]],
      },
      {
        name: "relay",
        about:
          "delivery to the next hop: session/ one connection, hosts/ which host and how much TLS, job/ what is delivered, lane/ pace and connections of a hop, record/ outcomes",
        inside: [["session"], ["hosts", "job"], ["lane", "record"]],
      },
      { name: "mta_sts", about: "MTA-STS policies of recipient domains" },
      { name: "tls_reports", about: "what TLS came to, and the daily reports of it" },
      { name: "events", about: "events of messages to webhooks and a log" },
      { name: "replica", about: "copies of messages on a second server" },
      {
        name: "dns",
        about: "resolver; authority/ answers for zones, update/ changes them",
        inside: [["authority", "update"]],
      },
      { name: "trace", about: "records of submissions, and sealed trace tokens" },
      { name: "dkim", about: "keys and signing" },
      { name: "filter", about: "content filters: rspamd and milters" },
      { name: "oauth", about: "tokens of OAuth 2.0 issuers" },
      { name: "site", about: "the site's own policy, in a worker without permissions" },
    ],
  },
  {
    name: "edges",
    may: [0, 1, 2, 3, 4, 5],
    sideways: "no",
    pure: false,
    rooms: [
      {
        name: "server",
        about:
          "the submission server: limits/, session/ drives one connection, answer/ answers its questions",
        inside: [["limits"], ["session"], ["answer"]],
      },
      {
        name: "config",
        about:
          "the configuration file: values/ grammars of one value, schema/ a table a file, read/ to Config",
        inside: [["values"], ["schema"], ["read"]],
      },
    ],
  },
  {
    name: "composition",
    may: [0, 1, 2, 3, 4, 5, 6],
    sideways: "no",
    pure: false,
    rooms: [
      {
        name: "app",
        about:
          "the composition root, from Config to layers: what serve, explain, check and an embedder share",
      },
      {
        name: "testing",
        about: "for tests of programs that send mail: spool and accounts in memory, a sink",
      },
    ],
  },
  {
    name: "commands",
    may: [0, 1, 2, 3, 4, 5, 6, 7],
    sideways: "no",
    pure: false,
    rooms: [{
      name: "cli",
      about: "the command line, a folder for each group of commands",
      inside: [["discovery", "dkim", "rights"], ["account", "queue"], ["explain", "start"]],
    }],
  },
];

/** The map as `docs/architecture.md` shows it: floors from the top down. */
export const map = (): string =>
  FLOORS.map((f, n) => ({ f, n })).reverse().map(({ f, n }) =>
    [
      `**${n} ${f.name}**${f.pure ? " (pure: runs in any JavaScript runtime)" : ""}`,
      "",
      ...f.rooms.map((r) => {
        const inside = r.inside === undefined
          ? ""
          : ` (inside, lowest first: ${r.inside.map((group) => group.join(", ")).join(" < ")})`;
        return `- \`lib/${r.name}/\`: ${r.about}${inside}`;
      }),
    ].join("\n")
  ).join("\n\n");
