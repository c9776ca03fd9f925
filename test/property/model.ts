/**
 * A small model of the rules, written apart from the product: keys, aliases, and what was made under them. Each `check`
 * returns the code of the error that AWS would answer, or `undefined` where the request is in order.
 */

export type Usage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC" | "KEY_AGREEMENT";
export type Code = string | undefined;

export interface ModelKey {
  readonly id: string;
  readonly spec: string;
  readonly usage: Usage;
  state: "Enabled" | "Disabled" | "PendingDeletion";
  deletionAtMs: number | undefined;
  description: string;
  readonly tags: Map<string, string>;
  rotations: number;
}

/** A key as a request names it: by id, ARN, alias or alias ARN. */
export interface Reference {
  readonly text: string;
  readonly alias: string | undefined;
  readonly keyId: string | undefined;
}

export interface Ciphertext {
  readonly blob: Uint8Array;
  readonly keyId: string;
  readonly context: Record<string, string>;
  readonly plaintext: Uint8Array;
}

export interface Authenticated {
  readonly keyId: string;
  readonly message: Uint8Array;
  readonly proof: Uint8Array;
}

const MAX_ROTATIONS = 25;
const MAX_ALIASES = 50;

export class Model {
  nowMs: number;
  readonly keys = new Map<string, ModelKey>();
  readonly aliases = new Map<string, string>();
  readonly ciphertexts: Ciphertext[] = [];
  readonly macs: Authenticated[] = [];
  readonly signatures: Authenticated[] = [];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** Time passes, and what was due to be deleted is gone, with its aliases. */
  advance(ms: number): void {
    this.nowMs += ms;
    for (const [id, { deletionAtMs }] of this.keys) {
      if (deletionAtMs === undefined || deletionAtMs > this.nowMs) continue;
      this.keys.delete(id);
      for (const [name, target] of this.aliases) if (target === id) this.aliases.delete(name);
    }
  }

  find({ alias, keyId }: Reference): ModelKey | undefined {
    const id = alias === undefined ? keyId : this.aliases.get(alias);
    return id === undefined ? undefined : this.keys.get(id);
  }

  /** The key must exist, be of the usage and be enabled, in this order. */
  checkUse(key: ModelKey | undefined, usage: Usage): Code {
    if (key === undefined) return "NotFoundException";
    if (key.usage !== usage) return "InvalidKeyUsageException";
    if (key.state === "Disabled") return "DisabledException";
    return key.state === "PendingDeletion" ? "KMSInvalidStateException" : undefined;
  }

  /** A managing operation takes no alias, and only some leave a doomed key alone. */
  checkManaging(reference: Reference, allowsPending: boolean): Code {
    if (reference.alias !== undefined) return "InvalidArnException";
    const key = this.find(reference);
    if (key === undefined) return "NotFoundException";
    return key.state === "PendingDeletion" && !allowsPending ? "KMSInvalidStateException" : undefined;
  }

  checkCancel(reference: Reference): Code {
    const code = this.checkManaging(reference, true);
    return code ?? (this.find(reference)!.state === "PendingDeletion" ? undefined : "KMSInvalidStateException");
  }

  checkRotate(reference: Reference): Code {
    const code = this.checkManaging(reference, false);
    if (code !== undefined) return code;
    const key = this.find(reference)!;
    if (key.state === "Disabled") return "DisabledException";
    if (key.spec !== "SYMMETRIC_DEFAULT") return "UnsupportedOperationException";
    return key.rotations >= MAX_ROTATIONS ? "LimitExceededException" : undefined;
  }

  /** @param named the key id of the request, if it has one */
  checkDecrypt({ keyId, context }: Ciphertext, given: Record<string, string>, named: Reference | undefined): Code {
    const source = this.checkSource(keyId, named);
    if (source !== undefined) return source;
    const code = this.checkUse(this.keys.get(keyId), "ENCRYPT_DECRYPT");
    return code ?? (sameContext(context, given) ? undefined : "InvalidCiphertextException");
  }

  /** Whether the key of a ciphertext is found, and is the one that is named. */
  checkSource(keyId: string, named: Reference | undefined): Code {
    const key = named && this.find(named);
    if (named !== undefined && key === undefined) return "NotFoundException";
    // A key pair would open it without asking the ciphertext; its usage is wrong.
    if (key?.spec.startsWith("ECC")) return "InvalidKeyUsageException";
    if (!this.keys.has(keyId)) return "InvalidCiphertextException";
    return key === undefined || key.id === keyId ? undefined : "IncorrectKeyException";
  }

  checkReEncrypt(ciphertext: Ciphertext, given: Record<string, string>, destination: Reference): Code {
    if (!this.keys.has(ciphertext.keyId)) return "InvalidCiphertextException";
    const target = this.find(destination);
    if (target === undefined) return "NotFoundException";
    const source = this.checkUse(this.keys.get(ciphertext.keyId), "ENCRYPT_DECRYPT");
    const code = source ?? this.checkUse(target, "ENCRYPT_DECRYPT");
    return code ?? (sameContext(ciphertext.context, given) ? undefined : "InvalidCiphertextException");
  }

  checkCreateAlias(name: string, target: Reference): Code {
    if (name.startsWith("alias/aws/")) return "InvalidAliasNameException";
    const code = this.#checkAliasTarget(target);
    if (code !== undefined) return code;
    if (this.aliases.has(name)) return "AlreadyExistsException";
    const held = [...this.aliases.values()].filter((id) => id === target.keyId).length;
    return held >= MAX_ALIASES ? "LimitExceededException" : undefined;
  }

  checkUpdateAlias(name: string, target: Reference): Code {
    const source = this.keys.get(this.aliases.get(name) ?? "");
    if (source === undefined) return "NotFoundException";
    const code = this.#checkAliasTarget(target);
    if (code !== undefined) return code;
    const { spec, usage } = this.find(target)!;
    const isSame = (one: string) => one.split("_")[0];
    return source.usage === usage && isSame(source.spec) === isSame(spec) ? undefined : "ValidationException";
  }

  #checkAliasTarget(target: Reference): Code {
    if (target.alias !== undefined) return "ValidationException";
    const key = this.find(target);
    if (key === undefined) return "NotFoundException";
    return key.state === "PendingDeletion" ? "KMSInvalidStateException" : undefined;
  }
}

function sameContext(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
