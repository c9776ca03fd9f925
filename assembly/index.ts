/**
 * The ABI of the core: its only exports. Lengths and slots go in as numbers, bytes through the window of layout.ts,
 * statuses (status.ts) come out. No call allocates, grows memory or traps, whatever it is given.
 */

// AES-GCM: slots.ts, gcm.ts, batch.ts and derive.ts document each call.
export { keyExpand, keyWipe } from "./slots";
export { gcmOpen, gcmSeal, gcmWipe } from "./gcm";
export { gcmOpenMany, gcmSealMany } from "./batch";
export { deriveOpenMany, deriveSealMany } from "./derive";
export { gcmAad, gcmBegin, gcmCheck, gcmDecrypt, gcmEncrypt, gcmFinish, gcmVerify } from "./gcm";

// SHA-2, HMAC and HKDF: hash.ts, hmac.ts, hkdf.ts and hkdf-batch.ts document each call.
export { hashBegin, hashDigest, hashFinish, hashUpdate, hashWipe } from "./hash";
export { hmacBegin, hmacFinish, hmacTag } from "./hmac";
export { hkdfDerive, hkdfDrop, hkdfExpand, hkdfExtract, hkdfImport, hkdfKeep } from "./hkdf";
export { hkdfDeriveMany, hkdfExpandMany } from "./hkdf-batch";

// AES key wrap: keywrap.ts documents each call.
export { keyUnwrap, keyWrap } from "./keywrap";
