/** The SQLite driver keeps the drivers' contract. */
import { join } from "node:path";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { testDriver } from "./contract.ts";
import { temporaryFolder } from "./folder.ts";

const folder = temporaryFolder();
let files = 0;

testDriver("sqlite", () => sqliteKeystore({ path: join(folder, `contract-${files++}.db`) }));
