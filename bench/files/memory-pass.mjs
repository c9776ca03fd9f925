// One bare native AES-256-GCM pass over memory: no file is touched. Usage: node memory-pass.mjs MEBIBYTES
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";

const FRAME = Buffer.alloc(64 * 1024);
const cipher = createCipheriv("aes-256-gcm", createSecretKey(randomBytes(32)), randomBytes(12), { authTagLength: 16 });
for (let i = 0; i < Number(process.argv[2]) * 16; i++) cipher.update(FRAME);
cipher.final();
