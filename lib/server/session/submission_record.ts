/** The record of a question, with any outcome. */
import type { SessionFacts } from "../../envelope/session.ts";
import type { SubmissionRecord } from "../../ports/records.ts";
import type { Question } from "../../smtp/server/state.ts";
import type { ReceivedData } from "./session_host.ts";
import type { SignedIn } from "./signed_in.ts";

export const recordOf = (
  signedIn: SignedIn,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
): Pick<SubmissionRecord, "account" | "credential" | "session" | "message"> => {
  const login = signedIn.of(session.id);
  return {
    account: login?.account ?? null,
    credential: login?.credential ?? null,
    session,
    message: question._tag !== "Submit" || data === null ? null : {
      envelope: question.envelope,
      head: data.reader.head(),
      hasBody: data.reader.hasBody,
      body: data.reader.facts(),
    },
  };
};
