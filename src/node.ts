/** The composition root for Node.js: the only reader of the clock and of entropy there. */
import { nodeProvider } from "./crypto/node.ts";
import type { CryptoProvider } from "./crypto/provider.ts";
import type { Platform } from "./platform.ts";

let provider: CryptoProvider | undefined;

export const platform: Platform = {
  clock: { nowMs: () => Date.now() },
  random: { fill: (out) => void globalThis.crypto.getRandomValues(out as Uint8Array<ArrayBuffer>) },
  crypto: () => (provider ??= nodeProvider()),
};
