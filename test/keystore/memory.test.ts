import { memoryKeystore } from "../../src/keystore/memory.ts";
import { testDriver } from "./contract.ts";

testDriver("memory", memoryKeystore);
