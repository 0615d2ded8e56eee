import { failureMemory } from "../../../lib/accounts/failure_memory.ts";
import { failureStoreSuite } from "../../contract/failure_store_suite.ts";

failureStoreSuite("failures in memory", () => failureMemory);
