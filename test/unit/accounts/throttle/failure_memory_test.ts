import { failureMemory } from "../../../../lib/accounts/throttle/failure_memory.ts";
import { failureStoreSuite } from "../../../contract/failure_store_suite.ts";

failureStoreSuite("failures in memory", () => failureMemory);
