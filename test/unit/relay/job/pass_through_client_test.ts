import assert from "node:assert/strict";
import fc from "fast-check";
import { handedOver } from "../../../../lib/relay/job/pass_through_client.ts";
import { NOT_SENT } from "../../../../lib/smtp/client/transaction.ts";
import { LOST, type Verdict } from "../../../../lib/smtp/client/verdict.ts";

const said = (text: string, kind: Verdict["kind"]): Verdict => ({
  kind,
  status: `${text[0]}.0.0`,
  text,
  remote: true,
});
const TAKEN = said("250 ok", "accepted");
const verdict = fc.constantFrom(
  TAKEN,
  NOT_SENT,
  LOST,
  said("550 who", "permanent"),
  said("450 grey", "temporary"),
  said("452 many", "later"),
);

Deno.test("handedOver() is taken only where it was taken for all, and in doubt whenever that is said. HOP-13", () => {
  fc.assert(
    fc.property(fc.array(verdict, { minLength: 1, maxLength: 5 }), fc.boolean(), (all, doubt) => {
      const h = handedOver(all, all.map((_, i) => `r${i}`), "hop", doubt);
      assert.equal(h._tag === "Doubtful", doubt);
      if (doubt) return;
      assert.equal(h._tag === "Taken", all.every((v) => v === TAKEN));
      if (h._tag === "Refused") {
        const classes = new Set(all.map((v) => v.text[0]));
        assert.deepEqual([...classes], [h.reply.text[0]]);
      }
      if (h._tag === "Divided") assert.equal(all[Number(h.recipient.slice(1))]?.text, h.reply.text);
    }),
  );
});

Deno.test("handedOver() names the one who is refused for good before others", () => {
  const h = handedOver(
    [said("450 grey", "temporary"), NOT_SENT, said("550 who", "permanent")],
    ["a", "b", "c"],
    "hop",
    false,
  );
  assert.deepEqual([h._tag, "recipient" in h ? h.recipient : null], ["Divided", "c"]);
});

Deno.test("handedOver() makes 452 to some a no for now", () => {
  const h = handedOver([said("452 many", "later")], ["a"], "hop", false);
  assert.equal(h._tag, "Refused");
  assert.equal("reply" in h ? h.reply.kind : null, "temporary");
});
