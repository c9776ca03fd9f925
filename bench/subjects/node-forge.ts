/**
 * node-forge: JavaScript over strings of bytes. The key is expanded once. Results stay in its own form, a string: to
 * make arrays of them would cost more again.
 */
import { importThirdParty } from "../thirdparty.ts";
import type { Subject } from "./subject.ts";

interface Cipher {
  readonly output: { getBytes(): string };
  readonly mode: { readonly tag: { getBytes(): string } };
  start(options: { iv: string; additionalData: string; tagLength: number; tag?: string }): void;
  update(data: unknown): void;
  finish(): boolean;
}

interface Forge {
  readonly cipher: {
    createCipher(name: string, key: string): Cipher;
    createDecipher(name: string, key: string): Cipher;
  };
  readonly util: { createBuffer(bytes: Uint8Array): unknown };
}

const TAG_BYTES = 16;
const TAG_BITS = 128;
const stringOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

export async function nodeForge(): Promise<readonly Subject[]> {
  const { default: forge } = await importThirdParty<{ default: Forge }>("node-forge");
  const { createBuffer } = forge.util;
  return [
    {
      name: "node-forge",
      seal({ key, aad, nonces, plaintexts }) {
        const cipher = forge.cipher.createCipher("AES-GCM", stringOf(key));
        const additionalData = stringOf(aad);
        return {
          run() {
            cipher.start({ iv: stringOf(nonces.next()), additionalData, tagLength: TAG_BITS });
            cipher.update(createBuffer(plaintexts.next()));
            cipher.finish();
            return cipher.output.getBytes() + cipher.mode.tag.getBytes();
          },
        };
      },
      open({ key, aad, messages }) {
        const cipher = forge.cipher.createDecipher("AES-GCM", stringOf(key));
        const additionalData = stringOf(aad);
        return {
          run() {
            const { nonce, sealed } = messages.next();
            const dataBytes = sealed.length - TAG_BYTES;
            const tag = stringOf(sealed.subarray(dataBytes));
            cipher.start({ iv: stringOf(nonce), additionalData, tagLength: TAG_BITS, tag });
            cipher.update(createBuffer(sealed.subarray(0, dataBytes)));
            return cipher.finish() ? cipher.output.getBytes() : undefined;
          },
        };
      },
    },
  ];
}
