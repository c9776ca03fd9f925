// One bare native AES-256-GCM pass from file to file: what the runtime can do at best with the same I/O calls.
// Usage: node native-pass.mjs SOURCE TARGET
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

const BUFFER_BYTES = 4 * 1024 * 1024;
const [source, target] = process.argv.slice(2);
const key = createSecretKey(randomBytes(32));
const cipher = createCipheriv("aes-256-gcm", key, randomBytes(12), { authTagLength: 16 });
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
