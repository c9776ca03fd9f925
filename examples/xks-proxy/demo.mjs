/**
 * All of it at once: a proxy in a process of its own, a KMS here, a key in an external key store, and what becomes of a
 * ciphertext when the external key is disabled. Needs the built package and `openssl`, which makes a certificate.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createKms, memoryKeystore, rootKeyFromBytes } from "wasm-kms";
import { directedFetch } from "./directed-fetch.mjs";
import { makeKeyFile } from "./key-file.mjs";

const HOST = "xks.example.com";
const folder = mkdtempSync(join(tmpdir(), "xks-proxy-"));
const [keyFile, cert, key] = ["keys.json", "cert.pem", "key.pem"].map((name) => join(folder, name));
const settings = makeKeyFile(keyFile);
makeCertificate();
const proxy = await startProxy();
const ca = readFileSync(cert);
const fetch = directedFetch({ ca, servers: { [HOST]: { host: "127.0.0.1", port: proxy.port } } });
const service = await createKms({
  keystore: memoryKeystore(),
  rootKey: rootKeyFromBytes(globalThis.crypto.getRandomValues(new Uint8Array(32))),
  region: "us-east-1",
  accountId: "111122223333",
  // AWS waits a quarter of a second; a demo may run beside anything.
  externalKeyStores: { fetch, timeLimitMs: 5000 },
});
try {
  await show(service.as("root"));
} finally {
  await service.close();
  proxy.stop();
  rmSync(folder, { recursive: true, force: true });
}
// The agent of the fetch keeps connections open for a while.
process.exit();

async function show(kms) {
  const [[AccessKeyId, RawSecretAccessKey]] = Object.entries(settings.accessKeys);
  const { CustomKeyStoreId } = await kms.execute("CreateCustomKeyStore", {
    CustomKeyStoreName: "demo",
    CustomKeyStoreType: "EXTERNAL_KEY_STORE",
    XksProxyConnectivity: "PUBLIC_ENDPOINT",
    XksProxyUriEndpoint: `https://${HOST}`,
    XksProxyUriPath: settings.uriPath,
    XksProxyAuthenticationCredential: { AccessKeyId, RawSecretAccessKey },
  });
  await kms.execute("ConnectCustomKeyStore", { CustomKeyStoreId });
  console.log(`Connected the external key store ${CustomKeyStoreId}.`);
  const Origin = "EXTERNAL_KEY_STORE";
  const made = await kms.execute("CreateKey", { Origin, CustomKeyStoreId, XksKeyId: "external-key-1" });
  const { KeyId } = made.KeyMetadata;
  const Plaintext = new TextEncoder().encode("attack at dawn");
  const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext });
  console.log(`Encrypted ${Plaintext.length} bytes twice, into ${CiphertextBlob.length}.`);
  const opened = await kms.execute("Decrypt", { CiphertextBlob });
  console.log(`Decrypted: ${new TextDecoder().decode(opened.Plaintext)}`);
  settings.keys["external-key-1"].enabled = false;
  writeFileSync(keyFile, JSON.stringify(settings));
  const refused = await kms.execute("Decrypt", { CiphertextBlob }).catch((error) => error);
  console.log(`With the external key disabled: ${refused.name}: ${refused.message}`);
}

function makeCertificate() {
  const subject = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", key, "-out", cert, "-days", "1"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...subject], { stdio: "ignore" });
}

function startProxy() {
  const main = fileURLToPath(new URL("main.mjs", import.meta.url));
  const tls = ["--cert", cert, "--key", key];
  const child = spawn(process.execPath, [...process.execArgv, main, "serve", keyFile, ...tls, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (line) => {
      const port = Number(/:(\d+)\//.exec(line.toString())?.[1]);
      resolve({ port, stop: () => child.kill() });
    });
    child.on("close", (code) => reject(new Error(`The proxy ended with ${code}.`)));
  });
}
