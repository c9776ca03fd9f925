/** Every provider that runs on this platform: one suite is held against each of them. */
import { nodeProvider } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { wasmProvider } from "../../src/crypto/wasm.ts";

export const PROVIDERS: readonly (readonly [name: string, provider: CryptoProvider])[] = [
  ["wasm", wasmProvider()],
  ["node", nodeProvider()],
];
