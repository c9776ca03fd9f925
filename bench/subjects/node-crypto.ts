/**
 * node:crypto: OpenSSL with the processor's own AES and SHA instructions. Keys are KeyObjects made once: on Node 24 a
 * key given as bytes costs 12 to 45 microseconds more with every call.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { type DeriveJob, type HkdfJob, TAG_BYTES } from "../job.ts";
import { HKDF_SYNC, NODE_CRYPTO, ONE_HMAC, TWO_HMACS, withKeyObjects } from "../names.ts";
import { cipherFor } from "../reference.ts";
import type { Subject, Work } from "./subject.ts";

const TAG = { authTagLength: TAG_BYTES };

type Key = Buffer | KeyObject;

function sealUnder(name: CipherGCMTypes, key: Key, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv(name, key, nonce).setAAD(aad);
  // Faster than Buffer.concat for large messages, and no slower for small ones.
  const sealed = Buffer.allocUnsafe(plaintext.length + TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

function openUnder(name: CipherGCMTypes, key: Key, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const dataBytes = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(name, key, nonce, TAG).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(dataBytes));
  const plaintext = decipher.update(sealed.subarray(0, dataBytes));
  decipher.final();
  return plaintext;
}

export const nodeCrypto: Subject = {
  name: NODE_CRYPTO,

  seal({ key: keyBytes, aad, nonces, plaintexts }) {
    const cipherName = cipherFor(keyBytes);
    const key = createSecretKey(keyBytes);
    return {
      run() {
        return sealUnder(cipherName, key, nonces.next(), plaintexts.next(), aad);
      },
    };
  },

  sealInto({ key: keyBytes, aad, nonces, plaintexts }) {
    const cipherName = cipherFor(keyBytes);
    const key = createSecretKey(keyBytes);
    const out = Buffer.alloc(plaintexts.items[0]!.length + TAG_BYTES);
    return {
      run() {
        const cipher = createCipheriv(cipherName, key, nonces.next()).setAAD(aad);
        const plaintext = plaintexts.next();
        out.set(cipher.update(plaintext));
        cipher.final();
        out.set(cipher.getAuthTag(), plaintext.length);
        return out;
      },
    };
  },

  open({ key: keyBytes, aad, messages }) {
    const cipherName = cipherFor(keyBytes);
    const key = createSecretKey(keyBytes);
    return {
      run() {
        const { nonce, sealed } = messages.next();
        return openUnder(cipherName, key, nonce, sealed, aad);
      },
    };
  },
};

const DERIVED = "aes-256-gcm";
const COUNTER = Uint8Array.of(1);

/** How a key that was only just derived is handed to node:crypto: which is faster depends on the version. */
type Hold = (key: Buffer) => Key;
const asBytes: Hold = (key) => key;
const asKeyObject: Hold = (key) => createSecretKey(key);

/** One block of HKDF-SHA-256: extract, then expand, each an HMAC. */
function derive(salt: KeyObject, secret: Uint8Array, info: Uint8Array, hold: Hold): Buffer {
  const prk = hold(createHmac("sha256", salt).update(secret).digest());
  return createHmac("sha256", prk).update(info).update(COUNTER).digest();
}

function hkdfByHmac({ secrets, salt, infos }: HkdfJob, hold: Hold): Work {
  const saltKey = createSecretKey(salt);
  return { run: () => derive(saltKey, secrets.next(), infos.next(), hold) };
}

function deriveAndSealBy({ secret, salt, infos, aad, nonces, plaintexts }: DeriveJob, hold: Hold): Work {
  const saltKey = createSecretKey(salt);
  return {
    run: () =>
      sealUnder(DERIVED, hold(derive(saltKey, secret, infos.next(), hold)), nonces.next(), plaintexts.next(), aad),
  };
}

function deriveAndOpenBy({ secret, salt, aad, messages }: DeriveJob, hold: Hold): Work {
  const saltKey = createSecretKey(salt);
  return {
    run() {
      const { info, nonce, sealed } = messages.next();
      return openUnder(DERIVED, hold(derive(saltKey, secret, info, hold)), nonce, sealed, aad);
    },
  };
}

/** What a program does that keeps the extracted key: one HMAC for each message. */
function expandAndSealBy({ secret, salt, infos, aad, nonces, plaintexts }: DeriveJob, hold: Hold): Work {
  const prk = createSecretKey(createHmac("sha256", salt).update(secret).digest());
  return {
    run() {
      const key = hold(createHmac("sha256", prk).update(infos.next()).update(COUNTER).digest());
      return sealUnder(DERIVED, key, nonces.next(), plaintexts.next(), aad);
    },
  };
}

/** HKDF, and a message under a derived key, in every form that may be the fastest: the fastest in the run counts. */
export const nodeDerivations: readonly Subject[] = [
  {
    name: HKDF_SYNC,
    hkdf({ secrets, salt, infos, lengthBytes }) {
      return { run: () => hkdfSync("sha256", secrets.next(), salt, infos.next(), lengthBytes) };
    },
  },
  {
    name: TWO_HMACS,
    hkdf: (job) => hkdfByHmac(job, asBytes),
    deriveAndSeal: (job) => deriveAndSealBy(job, asBytes),
    deriveAndOpen: (job) => deriveAndOpenBy(job, asBytes),
  },
  {
    name: withKeyObjects(TWO_HMACS),
    hkdf: (job) => hkdfByHmac(job, asKeyObject),
    deriveAndSeal: (job) => deriveAndSealBy(job, asKeyObject),
    deriveAndOpen: (job) => deriveAndOpenBy(job, asKeyObject),
  },
  { name: ONE_HMAC, deriveAndSeal: (job) => expandAndSealBy(job, asBytes) },
  { name: withKeyObjects(ONE_HMAC), deriveAndSeal: (job) => expandAndSealBy(job, asKeyObject) },
];
