/** A hash that spreads texts over records. It hides nothing: equal hashes of different texts are expected. */

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** 32 bits of FNV-1a over the UTF-16 units of the salt and the text, mixed once more at the end (murmur3's finalizer). */
export function saltedHash(salt: string, text: string): number {
  let hash = absorb(absorb(OFFSET, salt), text);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function absorb(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}
