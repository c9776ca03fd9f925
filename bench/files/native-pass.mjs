// One bare native AES-256-GCM pass from file to file: reading, writing and encrypting overlap, nothing else is done.
// Usage: node native-pass.mjs SOURCE TARGET
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

const BUFFER_BYTES = 1024 * 1024;
const [source, target] = process.argv.slice(2);
const cipher = createCipheriv("aes-256-gcm", createSecretKey(randomBytes(32)), randomBytes(12), { authTagLength: 16 });
const [input, output] = [await open(source), await open(target, "w")];
const buffers = [Buffer.alloc(BUFFER_BYTES), Buffer.alloc(BUFFER_BYTES)];
let turn = 0;
let written = Promise.resolve();
let reading = input.read(buffers[0], 0, BUFFER_BYTES);
for (;;) {
  const { bytesRead } = await reading;
  if (bytesRead === 0) break;
  const current = buffers[turn];
  turn ^= 1;
  reading = input.read(buffers[turn], 0, BUFFER_BYTES);
  const sealed = cipher.update(current.subarray(0, bytesRead));
  await written;
  written = output.write(sealed);
}
await written;
cipher.final();
await output.write(cipher.getAuthTag());
await Promise.all([input.close(), output.close()]);
