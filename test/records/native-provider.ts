/** The cryptography of node:crypto, for the tests of this folder until the real providers stand. */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import type { CryptoProvider, Deriver, HashName } from "../../src/crypto/provider.ts";

const NODE_NAME: Record<HashName, string> = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };

export const nativeProvider: CryptoProvider = {
  aead(given) {
    const key = given.slice();
    const algorithm = `aes-${(key.length * 8) as 256}-gcm` as const;
    return {
      seal(nonce, plaintext, aad = new Uint8Array(0), out = new Uint8Array(plaintext.length + 16)) {
        const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: 16 }).setAAD(aad);
        out.set(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
        return out.subarray(0, plaintext.length + 16);
      },
      open(nonce, sealed, aad = new Uint8Array(0)) {
        const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: 16 }).setAAD(aad);
        decipher.setAuthTag(sealed.subarray(-16));
        try {
          return Uint8Array.from(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]));
        } catch {
          return undefined;
        }
      },
      destroy: () => void key.fill(0),
    };
  },
  hash: (hash, data) => Uint8Array.from(createHash(NODE_NAME[hash]).update(data).digest()),
  hmac: (hash, key, data) => Uint8Array.from(createHmac(NODE_NAME[hash], key).update(data).digest()),
  deriver(hash, secret, salt): Deriver {
    const prk = nativeProvider.hmac(hash, salt, secret);
    return {
      expand(info, lengthBytes) {
        const out = new Uint8Array(lengthBytes);
        let block = new Uint8Array(0);
        for (let offset = 0, i = 1; offset < lengthBytes; offset += block.length, i++) {
          block = new Uint8Array(nativeProvider.hmac(hash, prk, Buffer.concat([block, info, Uint8Array.of(i)])));
          out.set(block.subarray(0, lengthBytes - offset), offset);
        }
        return out;
      },
      destroy: () => void prk.fill(0),
    };
  },
  hkdf: (hash, secret, salt, info, lengthBytes) => nativeProvider.deriver(hash, secret, salt).expand(info, lengthBytes),
};
