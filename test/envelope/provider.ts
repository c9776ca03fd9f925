/** Until the project's provider is there: the same over node:crypto. */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import type { Aead, CryptoProvider, HashName } from "../../src/crypto/provider.ts";

const name = (hash: HashName) => hash.replace("-", "").toLowerCase();
const hmac = (hash: HashName, key: Uint8Array, data: Uint8Array) =>
  new Uint8Array(createHmac(name(hash), key).update(data).digest());

function aead(key: Uint8Array): Aead {
  const copy = new Uint8Array(key);
  return {
    seal(nonce, plaintext, aad = new Uint8Array(0), out = new Uint8Array(plaintext.length + 16)) {
      const cipher = createCipheriv("aes-256-gcm", copy, nonce, { authTagLength: 16 }).setAAD(aad);
      out.set(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
      return out.subarray(0, plaintext.length + 16);
    },
    open(nonce, sealed, aad = new Uint8Array(0), out = new Uint8Array(sealed.length - 16)) {
      const decipher = createDecipheriv("aes-256-gcm", copy, nonce, { authTagLength: 16 }).setAAD(aad);
      decipher.setAuthTag(sealed.subarray(-16));
      try {
        out.set(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]));
        return out.subarray(0, sealed.length - 16);
      } catch {
        return undefined;
      }
    },
    destroy: () => void copy.fill(0),
  };
}

export function nodeProvider(): CryptoProvider {
  const deriver: CryptoProvider["deriver"] = (hash, secret, salt) => {
    const prk = hmac(hash, salt, secret);
    return {
      expand(info, lengthBytes) {
        let block = new Uint8Array(0);
        const out = new Uint8Array(lengthBytes);
        for (let i = 1, at = 0; at < lengthBytes; i++) {
          block = hmac(hash, prk, Buffer.concat([block, info, Uint8Array.of(i)]));
          out.set(block.subarray(0, lengthBytes - at), at);
          at += block.length;
        }
        return out;
      },
      destroy: () => void prk.fill(0),
    };
  };
  return {
    aead,
    hash: (hash, data) => new Uint8Array(createHash(name(hash)).update(data).digest()),
    hmac,
    deriver,
    hkdf: (hash, secret, salt, info, lengthBytes) => deriver(hash, secret, salt).expand(info, lengthBytes),
  };
}
