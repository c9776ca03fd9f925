// The packed package on Node.js: the keystore on disk outlives the service, and everything portable works.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKms } from "wasm-kms";
import { sqliteKeystore } from "wasm-kms/keystore/sqlite";
import { rootKeyFromFile } from "wasm-kms/root-key";
import { exerciseCore, exerciseEnclave, exerciseEngines, exerciseService } from "./exercise.mjs";

const folder = mkdtempSync(join(tmpdir(), "wasm-kms-consumer-"));
try {
  const open = async () => {
    const kms = await createKms({
      keystore: sqliteKeystore({ path: join(folder, "keystore.sqlite") }),
      rootKey: rootKeyFromFile(join(folder, "root.key"), { create: true }),
      region: "us-east-1",
      accountId: "000000000000",
    });
    return kms.as("root");
  };
  const first = await open();
  const { KeyMetadata } = await first.execute("CreateKey", {});
  await first.close();
  const second = await open();
  const { Keys } = await second.execute("ListKeys", {});
  await second.close();
  const kept = Keys.length === 1 && Keys[0].KeyId === KeyMetadata.KeyId;
  const engines = await exerciseEngines();
  const enclave = await exerciseEnclave(JSON.parse(process.argv[2]));
  console.log(JSON.stringify({ core: exerciseCore(), enclave, engines, service: await exerciseService(), kept }));
} finally {
  rmSync(folder, { recursive: true });
}
