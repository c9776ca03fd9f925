/** The memory driver keeps the drivers' contract. */
import { memoryKeystore } from "../../src/keystore/memory.ts";
import { testDriver } from "./contract.ts";

testDriver("memory", memoryKeystore);
