/** Whether trails are as they were written: every line, in its place, and every checkpoint by the right key. */
import { decodeBase64 } from "../model/base64.ts";
import { type JsonValue, parseJson } from "../model/json-text.ts";
import { type Checkpoint, chainHash, checkpointBytes, NO_HASH, type Position } from "./chain.ts";

/** A file of a trail. */
export interface TrailFile {
  readonly name: string;
  readonly text: string;
}

export interface TrailFinding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export interface TrailReport {
  readonly records: number;
  readonly checkpoints: number;
  /** What shows that something was changed; none in a good trail. */
  readonly findings: readonly TrailFinding[];
  /** What a process leaves that was killed: the end of a file is not covered by a chain line. */
  readonly cutShort: readonly TrailFinding[];
  /** Where each trail stands. Kept elsewhere, it shows later whether the end was cut off. */
  readonly heads: readonly Position[];
}

export interface VerifyOptions {
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  /** Whether the signature is the one of the key. @param publicKey SubjectPublicKeyInfo */
  readonly verify: (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  /** Base64 of the key that must have signed; any key of the trail's own, if it is absent. */
  readonly publicKey?: string | undefined;
  /** Where trails stood earlier: each must still lead there. */
  readonly heads?: readonly Position[] | undefined;
}

type JsonObject = ReadonlyMap<string, JsonValue>;

const encoder = new TextEncoder();

/** Checks the files of a folder, of one trail or of many. */
export async function verifyTrails(files: readonly TrailFile[], options: VerifyOptions): Promise<TrailReport> {
  const readers: FileReader[] = [];
  for (const file of files) {
    const reader = new FileReader(file, options);
    await reader.read();
    readers.push(reader);
  }
  const findings = [...readers.flatMap((reader) => reader.findings), ...linkFindings(readers)];
  for (const head of options.heads ?? []) {
    if (readers.some((reader) => reader.passes(head))) continue;
    const message = `the trail ${head.id} does not lead to chain ${head.chain} of its file ${head.file} any more: its end was cut off or replaced`;
    findings.push({ file: "", line: 0, message });
  }
  return {
    records: readers.reduce((sum, { records }) => sum + records, 0),
    checkpoints: readers.reduce((sum, { checkpoints }) => sum + checkpoints, 0),
    findings,
    cutShort: readers.flatMap((reader) => reader.cutShort),
    heads: headsOf(readers),
  };
}

/** The files of a trail follow each other, and each begins with the hash at the end of the one before. */
function linkFindings(readers: readonly FileReader[]): TrailFinding[] {
  const findings: TrailFinding[] = [];
  for (const reader of readers) {
    const { id, file, previous } = reader;
    if (id === undefined) continue;
    const same = readers.filter((other) => other.id === id && other.file === file);
    if (same.length > 1 && same[0] === reader)
      findings.push(reader.finding(1, `file ${file} of the trail ${id} stands twice`));
    const before = readers.find((other) => other.id === id && other.file === file - 1);
    if (file === 0 && previous !== NO_HASH) findings.push(reader.finding(1, "the first file does not begin the chain"));
    else if (file > 0 && before === undefined)
      findings.push(reader.finding(1, `file ${file - 1} of the trail ${id} is missing`));
    else if (before !== undefined && before.hash !== previous) {
      findings.push(reader.finding(1, `it does not go on where file ${file - 1} of the trail ${id} ends`));
    }
  }
  return findings;
}

function headsOf(readers: readonly FileReader[]): Position[] {
  const last = new Map<string, FileReader>();
  for (const reader of readers) {
    if (reader.id !== undefined && reader.file >= (last.get(reader.id)?.file ?? 0)) last.set(reader.id, reader);
  }
  return [...last].map(([id, { file, chain, hash }]) => ({ id, file, chain, hash }));
}

class FileReader {
  readonly findings: TrailFinding[] = [];
  readonly cutShort: TrailFinding[] = [];
  records = 0;
  checkpoints = 0;
  id: string | undefined;
  file = -1;
  previous = "";
  hash = "";
  chain = 0;
  readonly #file: TrailFile;
  readonly #options: VerifyOptions;
  readonly #hashes = new Map<number, string>();
  #publicKey = "";
  /** Lines since the last chain line, and how many of them are records. */
  #open = "";
  #openRecords = 0;

  constructor(file: TrailFile, options: VerifyOptions) {
    this.#file = file;
    this.#options = options;
  }

  finding(line: number, message: string): TrailFinding {
    return { file: this.#file.name, line, message };
  }

  passes({ id, file, chain, hash }: Position): boolean {
    return this.id === id && this.file === file && this.#hashes.get(chain) === hash;
  }

  async read(): Promise<void> {
    const lines = this.#file.text.split("\n");
    // What follows the last line feed is not a whole line.
    const torn = lines.pop()!;
    for (const [i, line] of lines.entries()) await this.#readLine(line, i + 1);
    const isOpen = this.#openRecords > 0 || torn !== "";
    if (isOpen) {
      const what = `cut short: ${this.#openRecords} records and ${torn.length} characters after the last chain line`;
      this.cutShort.push(this.finding(lines.length, what));
    }
    if (this.id === undefined && this.findings.length === 0)
      this.cutShort.push(this.finding(1, "it has no first line"));
  }

  async #readLine(line: string, number: number): Promise<void> {
    const value = readObject(line);
    if (value === undefined) {
      this.findings.push(this.finding(number, "this is not a line of a trail"));
    } else if (number === 1) {
      this.#readHead(value);
    } else if (value.has("chain")) {
      this.#readChain(value, number);
      return;
    } else if (value.has("checkpoint")) {
      await this.#readCheckpoint(value, number);
    } else {
      this.records++;
      this.#openRecords++;
    }
    this.#open += `${line}\n`;
  }

  #readHead(value: JsonObject): void {
    const [id, file, previous, publicKey] = ["id", "file", "previous", "publicKey"].map((name) => value.get(name));
    const isHead = value.get("trail") === 1 && typeof id === "string" && typeof file === "number";
    if (!isHead || typeof previous !== "string" || typeof publicKey !== "string") {
      this.findings.push(this.finding(1, "a trail does not begin like this"));
      return;
    }
    this.id = id;
    this.file = file;
    this.previous = previous;
    this.hash = previous;
    this.#publicKey = publicKey;
    const { publicKey: expected } = this.#options;
    if (expected !== undefined && expected !== publicKey) this.findings.push(this.finding(1, "another key signs here"));
  }

  #readChain(value: JsonObject, number: number): void {
    const hash = chainHash(this.#options.hash, this.hash, encoder.encode(this.#open));
    const isNext = value.get("chain") === this.chain + 1 && value.get("records") === this.#openRecords;
    if (!isNext || value.get("hash") !== hash) {
      this.findings.push(this.finding(number, "something before this line was changed, removed, added or moved"));
    }
    this.chain = Number(value.get("chain"));
    // What comes next is judged by itself, so that one change is one finding.
    this.hash = String(value.get("hash"));
    this.#hashes.set(this.chain, hash);
    this.#open = "";
    this.#openRecords = 0;
  }

  async #readCheckpoint(value: JsonObject, number: number): Promise<void> {
    const [given, signature] = [value.get("checkpoint"), value.get("signature")];
    const checkpoint = given instanceof Map ? (Object.fromEntries(given) as unknown as Checkpoint) : undefined;
    this.checkpoints++;
    if (checkpoint === undefined || typeof signature !== "string" || !(await this.#isSigned(checkpoint, signature))) {
      this.findings.push(this.finding(number, "the signature of this checkpoint is wrong"));
    } else if (checkpoint.id !== this.id || checkpoint.file !== this.file) {
      this.findings.push(this.finding(number, "this checkpoint is of another file"));
    } else if (checkpoint.chain !== this.chain || checkpoint.hash !== this.hash) {
      this.findings.push(this.finding(number, "this checkpoint does not sign what stands before it"));
    }
  }

  async #isSigned(checkpoint: Checkpoint, signature: string): Promise<boolean> {
    try {
      const publicKey = decodeBase64(this.#publicKey);
      return await this.#options.verify(publicKey, checkpointBytes(checkpoint), decodeBase64(signature));
    } catch {
      return false;
    }
  }
}

function readObject(line: string): JsonObject | undefined {
  try {
    const value = parseJson(line);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
