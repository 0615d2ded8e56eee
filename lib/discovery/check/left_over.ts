/** SRV records that the configuration does not ask for, usually left from a former provider. */
import type { Srv } from "../../ports/dns.ts";
import { printData } from "../publish/presentation.ts";
import type { Offer } from "../offer.ts";
import type { ExpectedRecord } from "../record.ts";
import { SRV_LABELS } from "../service.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding } from "./report.ts";

/** Labels that some client asks for, besides those that we publish. */
const OTHERS = ["_smtps._tcp", "_autodiscover._tcp", "_caldav._tcp", "_carddav._tcp"] as const;

/** Calendars and contacts may well be somebody else's. */
const NOT_MAIL = /^_(?:cal|card)davs?\._tcp$/;

const print = (srv: Srv): string =>
  printData({ type: "SRV", ...srv, target: srv.target === "" ? "." : srv.target });

/** Whether the configuration says anything about who reads mail: else others may publish what they like. */
const described = (offer: Offer): boolean =>
  offer.absent.length > 0 || offer.services.some((s) => s.kind !== "submission");

const look = async (offer: Offer, label: string, ports: CheckPorts): Promise<Finding | null> => {
  const subject = `${label}.${offer.domain}`;
  const lot = ports.draw(0, 0xffff_ffff).toString(36);
  const [answer, any] = await Promise.all([
    ports.lookup(subject, "SRV"),
    ports.lookup(`_zz9-${lot}._tcp.${offer.domain}`, "SRV"),
  ]);
  if (answer._tag !== "Found") return null;
  const real = answer.records.filter((r) => r.target !== "");
  const found = real.map(print).sort();
  // a wildcard is told as such
  const wild = any._tag === "Found" && any.records.map(print).sort().join() === found.join();
  if (real.length === 0 || wild) return null;
  const hosts = [...offer.services.map((s) => s.host), ...offer.web === null ? [] : [offer.web]];
  const ours = real.every((r) => hosts.includes(r.target));
  return {
    station: "dns",
    key: "srv-left-over",
    subject,
    type: "SRV",
    status: described(offer) && !ours && !NOT_MAIL.test(label) ? "extra" : "info",
    expected: [],
    found,
    detail: ours
      ? "leads to a host of ours without being in the configuration"
      : "not from here: clients that read this label are led there",
  };
};

export const leftOver = async (
  offer: Offer,
  records: ReadonlyArray<ExpectedRecord>,
  ports: CheckPorts,
): Promise<ReadonlyArray<Finding>> => {
  const asked = new Set(records.filter((r) => r.data.type === "SRV").map((r) => r.owner));
  const labels = [...SRV_LABELS.map((l) => l.label), ...OTHERS]
    .filter((l) => !asked.has(`${l}.${offer.domain}`));
  const found = await Promise.all(labels.map((label) => look(offer, label, ports)));
  return found.filter((f) => f !== null);
};
