/** The thread that owns the spool's database, so that a slow disk stalls no session. */
import { SpoolDatabase } from "../database/database.ts";
import { release } from "../../message/release.ts";
import { Places } from "./places.ts";
import { movesOut, type Request, type Response } from "../database/protocol.ts";

interface Scope {
  onmessage: ((e: MessageEvent<Request>) => void) | null;
  postMessage(message: Response, transfer: Array<ArrayBuffer>): void;
  close(): void;
}
const scope = self as unknown as Scope;

let db: SpoolDatabase | null = null;
let places = new Places();

const answer = (r: Request): Response => {
  if ("open" in r) {
    try {
      db = new SpoolDatabase(r);
      places = new Places(r.places);
      return { opened: true, before: db.before };
    } catch (e) {
      return { failed: e instanceof Error ? e.message : String(e) };
    }
  }
  if ("batch" in r) {
    return {
      results: db?.run(r.batch, (place) => places.begin(place)) ??
        r.batch.map(() => ({ ok: false, full: false, message: "the spool is not open" })),
    };
  }
  db?.release();
  db?.close();
  db = null;
  return { closed: true };
};

const movedIn = (r: Request): ReadonlyArray<Uint8Array> =>
  "batch" in r ? r.batch.flatMap((op) => op.op === "stage" ? op.chunks : []) : [];

scope.onmessage = (e) => {
  const response = answer(e.data);
  // what is in the database now; not sooner: what fails in one batch is run again
  for (const octets of movedIn(e.data)) release(octets);
  scope.postMessage(response, movesOut(response));
  if ("closed" in response) scope.close();
};
