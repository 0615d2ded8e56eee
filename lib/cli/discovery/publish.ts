/** `postern publish`: the records by which clients find a domain's services, to copy, or sent to its name server. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { parseDomainName } from "../../address/domain.ts";
import type { Config } from "../../config/config.ts";
import { withDelegations } from "../../discovery/delegation.ts";
import { drained } from "../../discovery/drain.ts";
import { expectedRecords } from "../../discovery/expected.ts";
import { lintsOf } from "../../discovery/lints.ts";
import { type Offer, offerOf, within } from "../../discovery/offer.ts";
import { type Format, formatRecords, FORMATS } from "../../discovery/publish/formats.ts";
import { SHARED } from "../../discovery/publish/nsupdate.ts";
import type { ExpectedRecord } from "../../discovery/record.ts";
import { misused } from "../../app/failure.ts";
import { configOf } from "../../app/config_file.ts";
import { withTlsa } from "./publish_tlsa.ts";
import { updateZone } from "./publish_update.ts";
import { root } from "../root.ts";
import { print, remark } from "../terminal.ts";

const options = {
  domain: Argument.String("domain").pipe(Argument.withDescription("The domain of the addresses")),
  format: Flag.Literals("format", FORMATS).pipe(
    Flag.withAlias("f"),
    Flag.withDefault("zone"),
    Flag.withDescription("The form to print"),
  ),
  zone: Flag.String("zone").pipe(
    Flag.optional,
    Flag.withDescription("The zone that the records go into; default: the domain"),
  ),
  noComments: Flag.Boolean("no-comments").pipe(
    Flag.withDefault(false),
    Flag.withDescription("No remarks in the zone file"),
  ),
  update: Flag.String("update").pipe(
    Flag.optional,
    Flag.withDescription("Send what differs to this name server (RFC 2136), host or host:port"),
  ),
  tsig: Flag.String("tsig").pipe(
    Flag.optional,
    Flag.withDescription("File with the key that signs the update (RFC 8945)"),
  ),
  tlsa: Flag.Boolean("tlsa").pipe(
    Flag.withDefault(false),
    Flag.withDescription(
      "Add TLSA records of our own certificates; only for a zone that is signed",
    ),
  ),
  drain: Flag.String("drain").pipe(
    Flag.optional,
    Flag.withDescription("Put this host behind the others in SRV, before it stops"),
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDefault(false),
    Flag.withDescription("With --update: show what differs and send nothing"),
  ),
};

export const publishCommand = Command.make("publish", options, (a) =>
  Effect.gen(function* () {
    const config = yield* configOf((yield* root).config);
    const domain = yield* nameOf(a.domain);
    const zone = yield* Option.match(a.zone, {
      onNone: () => Effect.succeed(null),
      onSome: zoneOf,
    });
    const said = offerFor(config, domain);
    const offer = a.tlsa ? yield* withTlsa(config, said) : said;
    const all = yield* Effect.promise(() => expectedRecords(offer));
    for (const { message } of lintsOf(offer, all)) yield* remark(`postern: warning: ${message}`);
    const records = withDelegations(
      yield* inside(yield* without(all, a.drain), zone ?? domain),
      zone ?? domain,
      config.dnsServer,
      offer.ttl,
    );
    if (Option.isSome(a.update)) {
      return yield* updateZone({
        server: a.update.value,
        keyFile: Option.getOrNull(a.tsig),
        dryRun: a.dryRun,
        domain,
        zone,
        records,
      });
    }
    if (a.dryRun || Option.isSome(a.tsig)) {
      return yield* misused("publish: --dry-run and --tsig go with --update");
    }
    yield* warnOfWholeSets(a.format, records);
    const text = formatRecords(a.format, records, {
      zone: zone ?? domain,
      comments: !a.noComments,
      server: null,
    });
    yield* print(text.replace(/\r?\n$/, ""));
  })).pipe(
    Command.withDescription(
      "Print the DNS records of a domain, or write them to its zone; exit status 0 done, 1 not all, 2 usage",
    ),
  );

export const nameOf = (text: string) => {
  const name = parseDomainName(text.replace(/\.$/, ""));
  return name === null || !name.ascii.includes(".")
    ? misused(`${JSON.stringify(text)} is no domain name, such as "example.com"`)
    : Effect.succeed(name.ascii);
};

/** A zone may have labels that no host has: `_tcp.example.com`. */
const zoneOf = (text: string) => {
  const zone = text.toLowerCase().replace(/\.$/, "");
  return /^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}$/.test(zone)
    ? Effect.succeed(zone)
    : misused(`--zone ${JSON.stringify(text)}: must be the name of a zone`);
};

/** What the configuration says about the domain; else what follows from our own listeners. */
export const offerFor = (config: Config, domain: string): Offer =>
  config.domains.find((o) => o.domain === domain) ?? offerOf({ domain }, config.own);

const without = Effect.fnUntraced(function* (
  all: ReadonlyArray<ExpectedRecord>,
  host: Option.Option<string>,
) {
  if (Option.isNone(host)) return all;
  const { records, changed } = drained(all, host.value.toLowerCase().replace(/\.$/, ""));
  if (!changed) yield* remark(`postern: no other host could do the work of ${host.value}`);
  return records;
});

/** Records of other people's zones are left out, and that is told. */
const inside = Effect.fnUntraced(function* (
  records: ReadonlyArray<ExpectedRecord>,
  zone: string,
) {
  const outside = new Set(records.map((r) => r.owner).filter((o) => !within(o, zone)));
  for (const owner of outside) {
    yield* remark(`postern: ${owner} lies outside the zone ${zone} and is left out`);
  }
  return records.filter((r) => within(r.owner, zone));
});

/** These replace a set as a whole, and with it what others wrote at the same name. */
const WHOLE_SETS: ReadonlySet<Format> = new Set(["route53", "terraform"]);

const warnOfWholeSets = Effect.fnUntraced(function* (
  format: Format,
  records: ReadonlyArray<ExpectedRecord>,
) {
  if (!WHOLE_SETS.has(format)) return;
  const shared = new Set(
    records.filter((r) => r.need !== "hint" && SHARED.has(r.data.type) && !/^_/.test(r.owner))
      .filter((r) => !r.owner.includes("._domainkey."))
      .map((r) => `${r.owner} ${r.data.type}`),
  );
  for (const set of shared) {
    yield* remark(
      `postern: warning: ${format} replaces ${set} as a whole; add the values that others need there`,
    );
  }
});
