/** The site's own policy, of the configuration in force. */
import { Duration, Layer } from "effect";
import type { Config } from "../config/config.ts";
import { noSitePolicy, type SitePolicy } from "../ports/site_policy.ts";
import type { PolicyFileFault } from "../site/file_fault.ts";
import { siteLayer } from "../site/site_layer.ts";
import { type Failure, misused } from "./failure.ts";

const LOOK = Duration.seconds(2);

/** Nothing where none is configured. `watch`: take new versions of the file as they come. */
export const siteOf = (
  { policies }: Config,
  watch: boolean,
): Layer.Layer<SitePolicy, PolicyFileFault> =>
  policies.file === null ? noSitePolicy : siteLayer({
    file: policies.file,
    limitMs: Duration.toMillis(policies.limit),
    onFault: policies.onFault,
    every: watch ? LOOK : null,
  });

/** Each problem with its place. */
export const badPolicy = (fault: PolicyFileFault): Failure => misused(...fault.message.split("\n"));
