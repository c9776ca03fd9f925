/**
 * The core beside the runtime's native cipher: AES-256-GCM, one key, fresh nonces, 32 bytes of additional data.
 * Both are checked against each other before they are timed; rounds are interleaved and ratios paired, because an
 * absolute time on a shared machine means little.
 *
 *   npm run bench
 */
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { Bench } from "tinybench";
import { createCore } from "../src/core/core.ts";

const SIZES = [16, 64, 256, 1024, 4096, 65_536, 1_048_576];
const ROUNDS = 7;

const keyBytes = randomBytes(32);
const keyObject = createSecretKey(keyBytes);
const key = createCore().importKey(keyBytes);
const aad = randomBytes(32);
const nonce = Buffer.alloc(12);
let count = 0;

function nextNonce(): Buffer {
  nonce.writeUInt32BE(++count, 8);
  return nonce;
}

function sealNative(plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", keyObject, nextNonce(), { authTagLength: 16 });
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

const sealOurs = (plaintext: Uint8Array) => key.seal(nextNonce(), plaintext, aad);

function crossCheck(plaintext: Uint8Array): void {
  const native = sealNative(plaintext);
  count--;
  if (!native.equals(sealOurs(plaintext))) throw new Error(`The subjects disagree at ${plaintext.length} bytes.`);
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

console.log(`AES-256-GCM seal, ${process.version}, medians of ${ROUNDS} interleaved rounds\n`);
console.log("     bytes      ours    native   native/ours");
for (const bytes of SIZES) {
  const plaintext = randomBytes(bytes);
  crossCheck(plaintext);
  const ours: number[] = [];
  const native: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bench = new Bench({ time: 60, warmupTime: 20 });
    bench.add("ours", () => sealOurs(plaintext)).add("native", () => sealNative(plaintext));
    await bench.run();
    const [a, b] = bench.tasks.map((task) => (task.result as { latency: { p50: number } }).latency.p50 * 1e6);
    ours.push(a!);
    native.push(b!);
  }
  const ratio = median(ours.map((ns, round) => native[round]! / ns));
  const column = (ns: number) => `${ns < 1e5 ? `${ns.toFixed(0)} ns` : `${(ns / 1e3).toFixed(0)} us`}`.padStart(10);
  console.log(
    `${String(bytes).padStart(10)}${column(median(ours))}${column(median(native))}${ratio.toFixed(2).padStart(12)}x`,
  );
}
