/** The port `RightsAdmin` over the store. */
import type { RightsAdmin } from "../../ports/rights_admin.ts";
import { attempt } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import type { RightsStore } from "./rights_store.ts";

export const makeRightsAdmin = (store: RightsStore, memory: Memory): RightsAdmin["Service"] => {
  /** Our own commits do not show in `data_version`. */
  const change = (work: () => boolean) =>
    attempt(() => {
      try {
        return work();
      } finally {
        memory.forget();
      }
    });
  return {
    grants: attempt(store.grants),
    permissions: attempt(store.permissions),
    groups: attempt(store.groups),
    grant: (g) => change(() => store.grant(g)),
    revoke: (principal, address) => change(() => store.revoke(principal, address)),
    permit: (p) => change(() => store.permit(p)),
    forbid: (p) => change(() => store.forbid(p)),
    join: (group, member) => change(() => store.join(group, member)),
    leave: (group, member) => change(() => store.leave(group, member)),
  };
};
