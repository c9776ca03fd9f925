/** How one kind of record is written down. Its name and the record's path are sealed in: neither may change later. */
export interface RecordType<T> {
  readonly name: string;
  /** Returns bytes that the caller wipes: never a view of the value itself. */
  encode(value: T): Uint8Array;
  /** Copies what it keeps: the bytes are wiped when it returns. The value is not changed afterwards. */
  decode(bytes: Uint8Array): T;
  /** Wipes the secrets of a value that `decode` made, when nobody holds it any more. */
  dispose?(value: T): void;
  /** How many decoded records are kept. Default: 4096. */
  readonly cacheLimit?: number;
}
