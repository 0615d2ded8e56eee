/**
 * For tests of programs that send mail: a server that takes every message and shows it (`startSink`), and the ports of
 * a submission server in memory, to run the real one without a disk.
 *
 * @module
 */
export { memoryAccounts } from "../lib/testing/memory_accounts.ts";
export { memorySpoolLayer } from "../lib/testing/memory_spool.ts";
export { type Sink, type SinkMessage, startSink } from "../lib/testing/sink.ts";
