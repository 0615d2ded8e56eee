/**
 * A composition that forgets a service does not compile: the services that have a `noX` layer have no default beside
 * it. Each line below would be an error of the type check if one of them became optional.
 */
import assert from "node:assert/strict";
import { Context, type Layer } from "effect";
import { Filters } from "../../../lib/ports/filters.ts";
import { HandOver } from "../../../lib/ports/hand_over.ts";
import { Holds } from "../../../lib/ports/holds.ts";
import { HopMemory } from "../../../lib/ports/hop_memory.ts";
import { SitePolicy } from "../../../lib/ports/site_policy.ts";
import { StsPolicies } from "../../../lib/ports/sts_policies.ts";
import { TlsNotes } from "../../../lib/ports/tls_notes.ts";
import type { relayLayer } from "../../../lib/relay/worker.ts";
import type { AnswerServices } from "../../../lib/server/answer/answer.ts";
import type { PipelineServices } from "../../../lib/stages/pipeline.ts";

type Asks<All, One> = One extends All ? true : false;
type RelayServices = Layer.Services<ReturnType<typeof relayLayer>>;

const asked: {
  readonly pipeline: [
    Asks<PipelineServices, Filters>,
    Asks<PipelineServices, SitePolicy>,
    Asks<PipelineServices, Holds>,
    Asks<PipelineServices, HopMemory>,
  ];
  readonly server: [Asks<AnswerServices, HandOver>, Asks<AnswerServices, Holds>];
  readonly relay: [
    Asks<RelayServices, HopMemory>,
    Asks<RelayServices, StsPolicies>,
    Asks<RelayServices, TlsNotes>,
  ];
} = {
  pipeline: [true, true, true, true],
  server: [true, true],
  relay: [true, true, true],
};

Deno.test("services that a composition may do without have to be left out by name", () => {
  assert.ok(Object.values(asked).flat().every((yes) => yes));
  assert.deepEqual(
    [
      Context.isReference(Filters),
      Context.isReference(HandOver),
      Context.isReference(Holds),
      Context.isReference(HopMemory),
      Context.isReference(SitePolicy),
      Context.isReference(StsPolicies),
      Context.isReference(TlsNotes),
    ].filter((has) => has),
    [],
  );
});
