/** The forms in which many records are handed over: end to end (packed), or apart. */

/** n records that lie end to end. */
export interface Packed {
  /** 12 bytes a record. */
  readonly nonces: Uint8Array;
  /** The bytes of each plaintext. */
  readonly lengths: Uint32Array;
  /** Additional data of the records, end to end; none if it is left out. */
  readonly aads?: Uint8Array | undefined;
  /** The bytes of each record's additional data; goes with `aads`. */
  readonly aadLengths?: Uint32Array | undefined;
}

export interface PackedPlaintexts extends Packed {
  readonly plaintexts: Uint8Array;
}

export interface PackedSealed extends Packed {
  /** Of each record the ciphertext and its tag. */
  readonly sealed: Uint8Array;
}

/** Opened records. */
export interface PackedRecords {
  /** End to end; zeros for a record that was refused. */
  readonly plaintexts: Uint8Array;
  /** Which were refused, by number, in order. */
  readonly failed: number[];
}

/** What a record has beside its data. */
export interface Apart {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  readonly aad?: Uint8Array | undefined;
}

export interface PlainRecord extends Apart {
  readonly plaintext: Uint8Array;
}

export interface SealedRecord extends Apart {
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}
